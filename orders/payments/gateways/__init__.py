"""Payment gateways behind one small interface. `registry` names those that there are."""

"""Payment gateways behind one small interface; `registry` lists them."""

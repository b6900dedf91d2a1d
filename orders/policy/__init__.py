"""Who has to approve an order, and why: rules that administrators write, and how much each of them may approve."""

"""From sessions to money: statements, invoices, reimbursements, payments."""

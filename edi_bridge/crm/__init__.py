"""The CRM: customers and suppliers, their orders and invoices, made from records and shown to people."""

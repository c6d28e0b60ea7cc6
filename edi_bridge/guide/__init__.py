"""Statuses, lengths, types, codes and conditions over a structure: what the guide says a message may hold."""

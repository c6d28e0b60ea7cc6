"""Findings → the answers that go out (CONTRL, TA1, 997, 999, APERAK, 824), and what the answers that come in say."""

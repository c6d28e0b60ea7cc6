"""A network in a box: mailboxes on this machine over real SFTP and FTPS, with reports and with everything that goes wrong at real
networks, on demand. For rehearsals with a home of one's own, and for our tests."""

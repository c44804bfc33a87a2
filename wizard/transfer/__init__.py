"""Getting files: http with resume and mirrors, logins, links, inbox import, hashing."""

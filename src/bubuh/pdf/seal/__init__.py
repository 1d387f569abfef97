"""The seal: CMS from templates, keys and certificates, time-stamps, and the arithmetic that proves one."""

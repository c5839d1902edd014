"""The published contract between the single window and a utility company, and the kit to certify one."""

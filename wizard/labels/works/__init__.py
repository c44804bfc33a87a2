"""One module per kind of label work: what it reads, and the files it leaves."""

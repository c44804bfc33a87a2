"""What a person can ask for, once, for the screen and the command line alike.

Both front ends say in their own way what comes of it; what is done and how it is judged is here.
"""

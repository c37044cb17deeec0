"""Others on the same topic, each the plainest code that its users would write; a process each.

They say on their standard output how far they are (`progress`), and import nothing of ours.
"""

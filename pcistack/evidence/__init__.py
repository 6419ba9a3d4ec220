"""What an assessor reads: one page, diagrams, registers, JSON and OSCAL, all from one assembly.

Nothing is asked of AWS and nothing is taken from the constructs: the synthesized template and the
report of the checks that ran with it are the only input.
"""

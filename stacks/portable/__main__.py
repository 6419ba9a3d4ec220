"""``python -m stacks.portable`` writes the templates."""

import sys

from stacks.portable.template import write

if __name__ == "__main__":
    for template in write():
        print(template, file=sys.stderr)

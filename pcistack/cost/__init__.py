"""What the fixed part of a template costs a month, by one price table for each region.

* :mod:`~pcistack.cost.prices` has the prices: listed, asked of AWS, or estimated and said to be,
* :mod:`~pcistack.cost.quantities` counts what a template has of what is billed,
* :mod:`~pcistack.cost.estimate` multiplies.
"""

"""The published StreamingT2V, defined anew under its checkpoint's names; export_streamingt2v.py makes a package of it."""

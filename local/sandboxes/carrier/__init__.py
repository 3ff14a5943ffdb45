"""A carrier for one machine: it takes parcels, lets them be called back until they leave, and calls back itself.

It decides between dispatch and recall, exactly one of them, in books that outlive a SIGKILL. Its word is signed, and
said again until it is heard. What real carriers do by chance it does on demand: ``POST /_sandbox/…`` loses parcels,
holds them, lets calls fail before or after their effect.
"""

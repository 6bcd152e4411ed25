"""`rapport demo`: everything at once, on a real Kafka, for a person to watch.

options     what it can be told, and how its topics and files are called
community   the generated history of one brand's community (seeded, pure)
mischief    what goes wrong in it: repeats, disorder, wrong keys, bad records
deliveries  a folder of platforms' payloads, in an order that the service can take
workers     the service, as processes that cannot outlive the demo
publish     records in
reading     records and offsets out
watch       what is known so far
scene       that and all other figures of one run, for the screen
screen      the same for a person: live on a terminal, a line elsewhere
story       what happens, in order
beside      what runs beside it: looking, showing, being interrupted
check       the transitions against a replay of the log
aftermath   the log saved, compared, summed up
report      the end: funnel, summary, what to try next
run         all of it
training    the same people for a C compiler, which learns from it where the time goes
"""

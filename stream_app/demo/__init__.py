"""`rapport demo`: everything at once, on a real Kafka, for a person to watch.

community   the generated history of one brand's community (seeded, pure)
mischief    what goes wrong in it: repeats, disorder, wrong keys, bad records
deliveries  a folder of platforms' payloads, in an order that the service can take
workers     the service, as processes that cannot outlive the demo
publish     records in
reading     records and offsets out
watch       what is known so far
screen      the same for a person: live on a terminal, lines elsewhere
report      the end: funnel, summary, what to try next
check       the transitions against a replay of the log
run         all of it, in order
"""

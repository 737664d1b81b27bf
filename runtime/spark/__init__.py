"""Plans as Spark jobs: what job.py, which the compiler renders, is made of. The only room that imports pyspark."""

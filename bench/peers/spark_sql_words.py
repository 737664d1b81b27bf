"""The same word count without a Python function for an item: all in the JVM. Arguments: FOLDER REPEATS."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import broadcast, explode, split
from word_functions import keep, lines

folder, repeats = sys.argv[1], int(sys.argv[2])
with SparkSession.builder.appName("words").getOrCreate() as spark:
    text = broadcast(spark.read.text(f"{folder}/text"))
    words = spark.range(0, 2 * repeats, 1, 2).crossJoin(text).select(explode(split("value", " ")).alias("word"))
    next(lines(folder, 0, 1))  # notes the beginning
    keep(folder, 0, words.groupBy("word").count().collect())

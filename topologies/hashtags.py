"""
The hashtags and languages of a file of tweets, as a workflow of dispel4py's.

    read -> filter -+-> count hashtags  -+-> statistics
                    +-> count languages -+

dispel4py simple hashtags.py -d '{"read": [{"input": "tweets.jsonl"}]}'
"""
import json
from collections import defaultdict

from dispel4py.base import IterativePE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph

TOP = 10


class ReadTweets(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_output('output', tuple_type=['tweet'])

    def _process(self, inputs):
        with open(inputs['input'], 'rb') as tweets:
            for line in tweets:
                self.write('output', json.loads(line.decode('utf-8')))


class FilterTweets(IterativePE):
    '''
    Deleted tweets, tweets without a hashtag and tweets in no known language go no further.
    '''
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, tweet):
        if 'text' not in tweet or tweet['lang'] == 'und':
            return None
        hashtags = [tag['text'].lower() for tag in tweet['entities']['hashtags']]
        if hashtags:
            return (tweet['lang'], hashtags)


class SplitHashtags(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        language, hashtags = data
        for hashtag in hashtags:
            self.write('output', (hashtag, 1))


class Count(GenericPE):
    '''
    For each item the count so far of what is at its first place.
    '''
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input('input', grouping=[0])
        self._add_output('output', tuple_type=['name', 'count'])
        self.counts = defaultdict(int)

    def _process(self, inputs):
        name = inputs['input'][0]
        self.counts[name] += 1
        return {'output': (name, self.counts[name])}


class Statistics(GenericPE):
    '''
    At the end, the most frequent of each kind.
    '''
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input('hashtags', grouping='global')
        self._add_input('languages', grouping='global')
        self._add_output('output', tuple_type=['kind', 'name', 'count'])
        self.counts = {'hashtags': {}, 'languages': {}}

    def _process(self, inputs):
        for kind in inputs:
            name, count = inputs[kind]
            self.counts[kind][name] = max(count, self.counts[kind].get(name, 0))

    def _postprocess(self):
        for kind in ('hashtags', 'languages'):
            ranked = sorted(self.counts[kind].items(), key=lambda item: (-item[1], item[0]))
            for name, count in ranked[:TOP]:
                self.write('output', (kind, name, count))


read = ReadTweets()
read.name = 'read'
tweets = FilterTweets()
split = SplitHashtags()
hashtags = Count()
hashtags.name = 'hashtags'
hashtags.numprocesses = 2
languages = Count()
languages.name = 'languages'
languages.numprocesses = 2
statistics = Statistics()
statistics.name = 'statistics'

graph = WorkflowGraph()
graph.connect(read, 'output', tweets, 'input')
graph.connect(tweets, 'output', split, 'input')
graph.connect(split, 'output', hashtags, 'input')
graph.connect(tweets, 'output', languages, 'input')
graph.connect(hashtags, 'output', statistics, 'hashtags')
graph.connect(languages, 'output', statistics, 'languages')

import os
from runa_service import Refused, serve
from shelf import Shelf, describe, describe_topic, pieces, read_files, words

shelf = Shelf(os.path.join(os.environ['RUNA_HOME'], 'tieto-in-python.json'))

def ingest(topic, paths, texts):
    found = {text['name']: ['', text['text']] for text in texts}
    for path in paths: found.update(read_files(path))
    files = {name: file for name, file in found.items() if file[1] is not None}
    before = shelf.put(topic, files)
    for name in found.keys() - files.keys():
        yield dict(kind='skipped', document=name, code='DOCUMENT_INVALID', reason='it is not text in UTF-8')
    new = [describe(name, *file) for name, file in files.items() if file != before.get(name)]
    for one in new: yield dict(kind='stored', document=one['document'], chunks=one['chunks'])
    yield dict(kind='end', stored=len(new), unchanged=len(files) - len(new), skipped=len(found) - len(files),
               removed=0, chunks=sum(one['chunks'] for one in new))
def search(topics, query, passagesMax, filter=None, **_):
    if filter: raise Refused('FILTER_INVALID', 'This tieto knows no filters.')
    wanted = words(query)
    found = [dict(topic=topic, document=name, title=name, source=source, headings=[], metadata={}, text=piece,
                  score=len(wanted & words(piece)) / len(wanted), start=start, end=end, bm25=0, cosine=0, distance=2)
             for topic in topics or shelf.topics for name, (source, text) in shelf.documents(topic).items()
             for start, end, piece in pieces(text) if wanted & words(piece)]
    best = sorted(found, key=lambda passage: -passage['score'])[:passagesMax]
    return dict(passages=best, match=bool(best) and best[0]['score'] >= 0.5)
def read(topic, document, start, end, beforeBytes, afterBytes):
    (source, text), end = shelf.document(topic, document), min(end, start + 200_000)  # a line has a limit
    part = lambda start, end: text.encode()[max(start, 0):end].decode(errors='ignore')
    return dict(topic=topic, document=document, title=document, source=source, start=start, end=end,
                before=part(start - beforeBytes, start), text=part(start, end),
                after=part(end, end + afterBytes), sizeBytes=len(text.encode()))
def topics(): return dict(topics=[describe_topic(*topic) for topic in shelf.topics.items()])
def documents(topic, offset, limit):
    found = [describe(name, *file) for name, file in shelf.documents(topic).items()]
    return dict(documents=found[offset:offset + limit], total=len(found))
def remove(topic, document=None):
    gone = shelf.drop(topic, document)
    return dict(documents=len(gone), chunks=sum(len(pieces(text)) for _, text in gone.values()))
serve('tieto', 1, [ingest, search, read, topics, documents, remove])

"""Documents in one JSON file, and the paragraphs in them."""
import json, os, re, threading
from runa_service import Refused


class Shelf:
    """{topic: {document: [source, text]}}, in memory and in a file that is written whole."""

    def __init__(self, path):
        self.path = path
        self.changing = threading.Lock()
        self.topics = {}  # replaced by each change, so that who reads it may go on
        if os.path.exists(path):
            with open(path, encoding='utf-8') as file:
                self.topics = json.load(file)

    def documents(self, topic):
        if topic not in self.topics:
            raise Refused('TOPIC_UNKNOWN', f"There is no topic '{topic}'.")
        return self.topics[topic]

    def document(self, topic, document):
        if document not in self.documents(topic):
            raise Refused('DOCUMENT_UNKNOWN', f"There is no document '{document}' in '{topic}'.")
        return self.topics[topic][document]

    def put(self, topic, documents):
        """Returns what the topic held before, once what it holds now is on the disk."""
        with self.changing:
            before = self.topics.get(topic, {})
            self.write({**self.topics, topic: {**before, **documents}})
            return before

    def drop(self, topic, document=None):
        """Returns what was removed, the whole topic or a document of it, once it is gone from the disk."""
        with self.changing:
            before = self.documents(topic)
            gone = {document: self.document(topic, document)} if document else before
            kept = {name: file for name, file in before.items() if name not in gone}
            self.write({**self.topics, topic: kept})
            return gone

    def write(self, topics):
        topics = {name: documents for name, documents in topics.items() if documents}
        with open(self.path + '.new', 'w', encoding='utf-8') as file:
            json.dump(topics, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + '.new', self.path)  # A kill leaves the file as it was, or as it is now.
        self.topics = topics


def read_files(path):
    """{name: [path, text]} of a file, or of the Markdown and text below a folder. None: not UTF-8."""
    path = os.path.realpath(path)
    if not os.path.exists(path):
        raise Refused('FILE_NOT_FOUND', f'{path} cannot be read.')
    below = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in sorted(names)]
    files = [file for file in below if file.endswith(('.md', '.txt'))] if os.path.isdir(path) else [path]
    return {os.path.relpath(file, os.path.dirname(path)): [file, read_text(file)] for file in files}


def read_text(path):
    try:
        with open(path, 'rb') as file:  # No line end is touched: offsets count the bytes of the file.
            return file.read().decode()
    except (OSError, ValueError):
        return None


def pieces(text):
    """Paragraphs, and where each begins and ends in bytes. A long one is cut between two words."""
    found = re.finditer(rb'\S(?:[^\n]|\n(?!\s*\n)){0,2000}(?=\s|\Z)', text.encode())
    return [(piece.start(), piece.end(), piece[0].decode(errors='ignore')) for piece in found]


def words(text):
    return {word.rstrip('s') for word in re.findall(r'\w{3,}', text.lower())}


def describe_topic(name, documents):
    texts = [text for _, text in documents.values()]
    return {'name': name, 'documents': len(texts), 'chunks': sum(len(pieces(text)) for text in texts),
            'sizeBytes': sum(len(text.encode()) for text in texts), 'damaged': []}


def describe(document, source, text):
    return {'document': document, 'title': document, 'source': source, 'sizeBytes': len(text.encode()),
            'chunks': len(pieces(text)), 'metadata': {}, 'ingestedAt': 0}

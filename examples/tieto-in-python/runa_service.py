"""Serves a contract of Runa over stdin and stdout, an envelope a line: see docs/guides/any-language.md."""
import json, sys, threading, time, traceback, uuid

WINDOW_ITEMS = 64  # of tieto's one stream, as its contract says
writing = threading.Lock()
credit = {}  # by call: how many items may still be sent


class Refused(Exception):
    """Refused(CODE, MESSAGE): what the caller is told. The code is one that the contract declares."""


def send(**envelope):
    new = {'id': str(uuid.uuid4()), 'sentAt': int(time.time() * 1000)}
    line = json.dumps({**envelope, **new}, ensure_ascii=False)
    with writing:
        print(line, flush=True)


def beat(name, version):
    while True:
        nobody = str(uuid.uuid4())  # A heartbeat belongs to no call.
        send(**{'from': name, 'to': '*'}, type='heartbeat', operation='', trace=nobody, call=nobody, sequence=0,
             last=True, timeToLiveMs=60_000,
             payload={'version': 1, 'contractVersion': version, 'running': len(credit)})
        time.sleep(1)


def answer(query, operations):
    call, sequence = query['call'], 0
    more = credit[call]

    def reply(kind, payload, last=True):
        nonlocal sequence
        back = {'from': query['to'], 'to': query['from'], 'type': kind}
        send(**{**query, **back, 'sequence': sequence, 'last': last, 'payload': payload})
        sequence += 1

    try:
        result = operations[query['operation']](**query['payload'])
        if isinstance(result, dict):
            return reply('response', result)
        for item in result:
            more.acquire()
            if call not in credit:
                return  # Cancelled: nobody waits any more.
            reply('response', item, last=False)
        reply('response', None)
    except Refused as refusal:
        reply('error', {'code': refusal.args[0], 'message': refusal.args[1]})
    except Exception:
        traceback.print_exc()  # stderr is the log of the service
        reply('error', {'code': 'INTERNAL', 'message': ''})
    finally:
        credit.pop(call, None)


def serve(name, version, operations):
    """Answers calls of these functions, by their names, until stdin ends: then this program is to end."""
    operations = {operation.__name__: operation for operation in operations}
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding='utf-8')
    threading.Thread(target=beat, args=(name, version), daemon=True).start()
    for line in sys.stdin:
        envelope = json.loads(line)
        call, kind = envelope['call'], envelope['type']
        if kind == 'query':
            credit[call] = threading.Semaphore(WINDOW_ITEMS)
            threading.Thread(target=answer, args=(envelope, operations), daemon=True).start()
        elif kind == 'credit' and (more := credit.get(call)):
            more.release(envelope['payload'])
        elif kind == 'cancel' and (more := credit.pop(call, None)):
            more.release()

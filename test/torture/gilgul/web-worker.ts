// A program of the owner that answers over HTTP who it is, and does not read its input.
import { createServer } from 'node:http'
import { becomeOnly } from './only.ts'

const [name = '', port = ''] = process.argv.slice(2)
becomeOnly(name)
createServer((_, response) => response.end(String(process.pid))).listen(Number(port), '127.0.0.1')

/**
 * The headers of a form's parts, as clients write them: each part is read, or the form is refused.
 */
import { describe, expect, it } from 'vitest'
import type { UploadResult } from '../../src/index.js'
import {
  fieldPart,
  filePart,
  multipart,
  namesIn,
  type RestServer,
  rawRequest,
  startServer,
} from '../tools/rest-server.js'

/** Sends a form whose boundary is X. */
function send({ port, mount }: RestServer, body: Buffer) {
  const type = 'Content-Type: multipart/form-data; boundary=X'
  return rawRequest(port, `POST ${mount}/photos/upload HTTP/1.1\n${type}\nContent-Length: ${body.length}`, body)
}

const good = [filePart('good', 'good.txt'), 'good'] as const

/** The files and fields of a form that is stored, by their names. */
async function store(server: RestServer, parts: Parameters<typeof multipart>[1]): Promise<UploadResult> {
  const response = await send(server, multipart('X', parts))
  expect([response.statusCode, response.body]).toEqual([200, expect.anything()])
  return JSON.parse(response.body).result
}

/** Expects that a form is refused as it is alone and between good parts, and changes nothing. */
async function expectRefusal(headers: string, content = 'content'): Promise<string> {
  const server = await startServer()
  await server.storage.putFile('photos', 'good.txt', 'old')
  let message = ''
  for (const parts of [
    [[headers, content] as const],
    [good, [headers, content] as const],
    [[headers, content] as const, good],
    [[fieldPart('a'), 'x'] as const, [headers, content] as const, [fieldPart('b'), 'x'] as const],
  ]) {
    const response = await send(server, multipart('X', parts))
    expect(response.statusCode).toBe(400)
    const { error } = JSON.parse(response.body)
    expect(error.code).toBe('INVALID_ARGUMENT')
    message = error.message
    expect(await namesIn(server.storage)).toEqual(['good.txt'])
    expect(await (await server.storage.openFile('photos', 'good.txt')).text()).toBe('old')
  }
  return message
}

describe('The Content-Disposition of a part', () => {
  it.each<[string, string, string, string?]>([
    ['browsers: a quote', 'form-data; name="f"; filename="a%22b.txt"', 'a"b.txt'],
    ['browsers: line breaks', 'form-data; name="f"; filename="a%0D%0Ab.txt"', 'a\r\nb.txt'],
    ['browsers: a backslash', 'form-data; name="f"; filename="a\\b.txt"', 'a\\b.txt'],
    ['browsers: backslashes at the ends', 'form-data; name="f\\"; filename="a\\"', 'a\\', 'f\\'],
    ['browsers: a semicolon', 'form-data; name="f"; filename="a; b=c.txt"', 'a; b=c.txt'],
    ['Go, older curl: quoted pairs', 'form-data; name="f"; filename="a\\"b\\\\c.txt"', 'a"b\\c.txt'],
    ['form-data for Node: quotes', 'form-data; name="f"; filename="my "great" file.txt"', 'my "great" file.txt'],
    ['Postman', `form-data; name="f"; filename="a.docx"; filename*="UTF-8''a.docx"`, 'a.docx'],
    ['Postman: not ASCII', `form-data; name="f"; filename="_.txt"; filename*="UTF-8''%C3%BC.txt"`, 'ü.txt'],
    ['.NET', `form-data; name=f; filename="=?utf-8?B?w7wudHh0?="; filename*=utf-8''%C3%BC.txt`, 'ü.txt'],
    ['urllib3 before 1.25', `form-data; name*=utf-8''%C3%A4; filename*=utf-8''%C3%BC.txt`, 'ü.txt', 'ä'],
    ['UTF-8 as it is', 'form-data; name="ä"; filename="ü.txt"', 'ü.txt', 'ä'],
    ['without quotes', 'form-data; name=f; filename=a.txt', 'a.txt'],
    ['blanks without quotes', 'form-data; name=f; filename= my file.txt ', 'my file.txt'],
    ['letters that end in a byte of A0', 'form-data; name=f; filename=à', 'à'],
    ['blanks in quotes', 'form-data; name="f"; filename=" a "', ' a '],
    ['a semicolon at the end', 'form-data; name="f"; filename="a.txt";', 'a.txt'],
    ['empty parameters', 'form-data;; name="f" ; ;filename="a.txt" ; ', 'a.txt'],
    ['blanks around the equals sign', 'form-data; name = "f"; filename\t= "a.txt"', 'a.txt'],
    ['capitals', 'Form-Data; Name="f"; FILENAME="a.txt"', 'a.txt'],
    ['another order, and other parameters', 'form-data; filename="a.txt"; size=5; x="y"; name="f"', 'a.txt'],
    ['no blanks', 'form-data;name="f";filename="a.txt"', 'a.txt'],
    ['a folded line', 'form-data;\r\n name="f";\r\n\tfilename="a.txt"', 'a.txt'],
    ['another charset', `form-data; name="f"; filename*=iso-8859-1''%FC.txt`, 'ü.txt'],
    ['an unknown charset', `form-data; name="f"; filename="a.txt"; filename*=x-own''b.txt`, 'a.txt'],
    ['a broken escape', `form-data; name="f"; filename="a.txt"; filename*=utf-8''%C3.txt`, 'a.txt'],
    ['an escape that browsers write, in the extended form', `form-data; name="f"; filename*=utf-8''%2522`, '%22'],
    ['control characters', 'form-data; name="f"; filename="a\x00\x01\x1b\x7f\tb.txt"', 'a\x00\x01\x1b\x7f\tb.txt'],
    ['an encoded word, which is a name like others', 'form-data; name="f"; filename="=?utf-8?Q?a?="', '=?utf-8?Q?a?='],
  ])('is read as the client means it: %s', async (_client, disposition, filename, field = 'f') => {
    const server = await startServer()
    const { files, fields } = await store(server, [
      good,
      [`Content-Disposition: ${disposition}`, 'content'],
      [fieldPart('after'), 'x'],
    ])
    expect(Object.entries(files).map(([name, [file]]) => [name, file?.name])).toEqual([
      ['good', 'good.txt'],
      [field, filename],
    ])
    expect(fields).toEqual({ after: ['x'] })
    expect(await (await server.storage.openFile('photos', filename)).text()).toBe('content')
  })

  it.each([
    ['is missing', 'Content-Type: text/plain'],
    ['is missing, as all headers are', ''],
    ['is empty', 'Content-Disposition:'],
    ['is of another kind', 'Content-Disposition: attachment; name="f"; filename="a.txt"'],
    ['begins like form-data', 'Content-Disposition: form-data2; name="f"; filename="a.txt"'],
    ['is there twice', `${filePart('f', 'a.txt')}\r\n${filePart('f', 'b.txt')}`],
    ['has two filenames', 'Content-Disposition: form-data; name="f"; filename="a.txt"; filename="b.txt"'],
    ['has two names', 'Content-Disposition: form-data; name="f"; NAME="g"; filename="a.txt"'],
    ['has no name', 'Content-Disposition: form-data; filename="a.txt"'],
    ['has an empty name', 'Content-Disposition: form-data; name=""; filename="a.txt"'],
    ['has an empty name, of a field', 'Content-Disposition: form-data; name='],
    ['has a quote that is not closed', 'Content-Disposition: form-data; name="f"; filename="a.txt'],
    ['has a name whose quote is not closed', 'Content-Disposition: form-data; name="f; filename="a.txt"'],
    ['has text behind a quote', 'Content-Disposition: form-data; name="f"x; filename="a.txt"'],
    ['has an extension behind the quote', 'Content-Disposition: form-data; name="f"; filename="a.jpg".html'],
    ['has a quote without another', 'Content-Disposition: form-data; name=f; filename=a".txt'],
    ['has a parameter without a value', 'Content-Disposition: form-data; name="f"; filename'],
    ['has a parameter without a name', 'Content-Disposition: form-data; name="f"; ="a.txt"'],
    ['has a semicolon outside of quotes', 'Content-Disposition: form-data; name=f; filename=a;b.txt'],
    ['has no semicolon', 'Content-Disposition: form-data name="f"; filename="a.txt"'],
    ['has only an unknown charset', `Content-Disposition: form-data; name="f"; filename*=x-own''a.txt`],
    ['has only a broken escape', `Content-Disposition: form-data; name="f"; filename*=utf-8''%C3%zz.txt`],
    ['has an extended form without charset', 'Content-Disposition: form-data; name="f"; filename*=a.txt'],
    ['is split by RFC 2231', 'Content-Disposition: form-data; name="f"; filename*0="a"; filename*1=".txt"'],
    ['has a blank before the colon', 'Content-Disposition : form-data; name="f"; filename="a.txt"'],
    ['has a line break in a name', 'Content-Disposition: form-data; name="f"; filename="a\nb.txt"'],
    ['has a carriage return in a name', 'Content-Disposition: form-data; name="f"; filename="a\rb.txt"'],
  ])('fails the form, alone or with other parts, when it %s', async (_what, headers) => {
    await expectRefusal(headers)
  })

  it('fails the form when it is not UTF-8, and says so', async () => {
    const server = await startServer()
    const [before, after] = multipart('X', [[filePart('f', '#.txt'), 'x']])
      .toString()
      .split('#')
    const body = Buffer.concat([Buffer.from(before ?? ''), Buffer.from([0xfc]), Buffer.from(after ?? '')])
    const response = await send(server, body)
    expect([response.statusCode, JSON.parse(response.body).error.message]).toEqual([
      400,
      'the form is not well-formed: the filename of a part is not UTF-8',
    ])
    expect(await namesIn(server.storage)).toEqual([])
  })
})

describe('A delimiter', () => {
  const headers = filePart('f', 'a.txt')

  it('may be followed by blanks (RFC 2046, 5.1.1)', async () => {
    const server = await startServer()
    const body = `--X \t\r\n${headers}\r\n\r\nx\r\n--X  \r\n${fieldPart('a')}\r\n\r\ny\r\n--X-- \r\n`
    const response = await send(server, Buffer.from(body))
    expect(response.statusCode).toBe(200)
    expect(JSON.parse(response.body).result.fields).toEqual({ a: ['y'] })
    expect(await namesIn(server.storage)).toEqual(['a.txt'])
  })

  it.each([
    [
      'other characters behind it',
      `--X\r\n${headers}\r\n\r\nx\r\n--Xy\r\n${filePart('g', 'b.txt')}\r\n\r\nx\r\n--X--\r\n`,
    ],
    ['one hyphen behind it', `--X\r\n${headers}\r\n\r\nx\r\n--X-\r\n${filePart('g', 'b.txt')}\r\n\r\nx\r\n--X--\r\n`],
    [
      'a part behind the last one',
      `--X\r\n${headers}\r\n\r\nx\r\n--X--\r\n--X\r\n${filePart('g', 'b.txt')}\r\n\r\nx\r\n--X--\r\n`,
    ],
    ['none at the end', `--X\r\n${headers}\r\n\r\nx\r\n`],
    ['half of one at the end', `--X\r\n${headers}\r\n\r\nx\r\n--X-`],
    ['one that begins a part at the end', `--X\r\n${headers}\r\n\r\nx\r\n--X\r\n`],
    ['one in the headers of a part', `--X\r\n${headers}\r\n--X\r\n${filePart('g', 'b.txt')}\r\n\r\nx\r\n--X--\r\n`],
    ['one in place of the content', `--X\r\n${headers}\r\n\r\n--X\r\n${filePart('g', 'b.txt')}\r\n\r\nx\r\n--X--\r\n`],
  ])('must begin a part or close the form: not with %s', async (_what, body) => {
    const server = await startServer()
    const response = await send(server, Buffer.from(body))
    expect([response.statusCode, JSON.parse(response.body).error.code]).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await namesIn(server.storage)).toEqual([])
  })
})

describe('The charset of a field', () => {
  const field = (type: string, value: string | Buffer) => [`${fieldPart('a')}\r\nContent-Type: ${type}`, value] as const

  it.each<[string, Buffer, string]>([
    ['text/plain; charset=utf-8', Buffer.from('naïve'), 'naïve'],
    ['text/plain; charset=ISO-8859-1', Buffer.from('naïve', 'latin1'), 'naïve'],
    ['text/plain; charset=iso-8859-2', Buffer.from([0xa3, 0xf3, 0x64, 0xbc]), 'Łódź'],
    ['text/plain; charset="Shift_JIS"', Buffer.from([0x93, 0xfa, 0x96, 0x7b]), '日本'],
    ['text/plain; charset=gbk', Buffer.from([0xc4, 0xe3]), '你'],
    ['application/json; charset=utf-16le', Buffer.from('{"a":"ü"}', 'utf16le'), '{"a":"ü"}'],
    ['not a media type', Buffer.from('ü'), 'ü'],
  ])('is the one that the client states: %s', async (type, value, text) => {
    const { fields } = await store(await startServer(), [field(type, value)])
    expect(fields).toEqual({ a: [text] })
  })

  it.each<[string, string | Buffer, string]>([
    ['text/plain; charset=base64', 'abc', 'field "a" has the unknown charset "base64"'],
    ['text/plain; charset=x-own', 'abc', 'field "a" has the unknown charset "x-own"'],
    ['text/plain; charset=iso-2022-kr', 'abc', 'field "a" has the unknown charset "iso-2022-kr"'],
    ['text/plain', Buffer.from([0xfc]), 'the value of field "a" is not utf-8'],
    ['text/plain; charset=shift_jis', Buffer.from([0x93]), 'the value of field "a" is not shift_jis'],
  ])('fails the form where it cannot be decoded: %s', async (type, value, message) => {
    const server = await startServer()
    const response = await send(server, multipart('X', [good, field(type, value), [fieldPart('b'), 'x']]))
    const { error } = JSON.parse(response.body)
    expect([response.statusCode, error.message]).toEqual([400, `the form is not well-formed: ${message}`])
    expect(await namesIn(server.storage)).toEqual([])
  })
})

describe('The Content-Transfer-Encoding of a part', () => {
  it.each(['7bit', '8bit', 'binary', 'Binary'])('may be %s, which leaves the content as it is', async (encoding) => {
    const server = await startServer()
    const { fields } = await store(server, [
      [`${filePart('f', 'a.txt')}\r\nContent-Transfer-Encoding: ${encoding}`, 'YQ=='],
      [`${fieldPart('a')}\r\nContent-Transfer-Encoding: ${encoding}`, 'YQ=='],
    ])
    expect(fields).toEqual({ a: ['YQ=='] })
    expect(await (await server.storage.openFile('photos', 'a.txt')).text()).toBe('YQ==')
  })

  it.each(['base64', 'BASE64', 'quoted-printable', 'x-own'])('fails the form when it is %s', async (encoding) => {
    const header = `Content-Transfer-Encoding: ${encoding}`
    expect(await expectRefusal(`${filePart('f', 'a.txt')}\r\n${header}`, 'YQ==')).toBe(
      `the form is not well-formed: part "f" has the Content-Transfer-Encoding ${JSON.stringify(encoding)}: send its bytes unencoded`,
    )
    await expectRefusal(`${fieldPart('f')}\r\n${header}`, 'YQ==')
  })
})

describe('The Content-Type of a part', () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

  it.each([
    ['text/plain; charset=iso-8859-2', 'text/plain; charset=iso-8859-2'],
    ['text/csv;charset=utf-8;header=present', 'text/csv;charset=utf-8;header=present'],
    ['text/plain; charset=utf-8;', 'text/plain; charset=utf-8'],
  ])('is kept with its parameters: %s', async (stated, kept) => {
    const server = await startServer()
    const { files } = await store(server, [[filePart('f', 'a.txt', stated), 'x']])
    expect(files['f']?.[0]?.type).toBe(kept)
    expect((await server.storage.getFile('photos', 'a.txt')).contentType).toBe(kept)
  })

  it('is ignored when it is too long to be stored', async () => {
    const { files } = await store(await startServer(), [
      [filePart('f', 'a.css', `text/plain${' '.repeat(15_000)}x`), 'x'],
    ])
    expect(files['f']?.[0]?.type).toBe('text/css')
  })

  it.each(['', '\r\nContent-Type:', '\r\nContent-Type: false', '\r\nContent-Type: application/octet-stream; a=b'])(
    'is found by name or content where it says nothing, as for files of Python requests: %j',
    async (header) => {
      const { files } = await store(await startServer(), [
        [`${filePart('f', 'a.css')}${header}`, 'x'],
        [`${filePart('f', 'b')}${header}`, png],
      ])
      expect(files['f']?.map(({ type }) => type)).toEqual(['text/css', 'image/png'])
    },
  )

  it('fails the form when the part holds parts of its own, which would be lost in a field', async () => {
    const inner = `--Y\r\nContent-Disposition: file; filename="a.txt"\r\n\r\nx\r\n--Y--`
    await expectRefusal(`${fieldPart('files')}\r\nContent-Type: multipart/mixed; boundary=Y`, inner)
    const server = await startServer()
    await store(server, [[filePart('f', 'mail.mht', 'multipart/related; boundary=Y'), inner]])
    expect(await (await server.storage.openFile('photos', 'mail.mht')).text()).toBe(inner)
  })

  it('fails the form when it is there twice', async () => {
    await expectRefusal(`${filePart('f', 'a.txt', 'text/plain')}\r\nContent-Type: text/html`)
  })
})

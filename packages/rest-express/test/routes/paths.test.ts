import { describe, expect, it } from 'vitest'
import { parsePath } from '../../src/routes/paths.js'
import { rawRequest, startServer } from '../tools/rest-server.js'

const place = (target: string) => {
  const { pattern, container, file } = parsePath(target)
  return [pattern, container, file]
}

const onFile = '/:container/files/*file'

describe('A name in the path', () => {
  it.each([
    ['/c/files/a', 'a'],
    ['/c/files/a/b', 'a/b'],
    ['/c/files/a%2Fb', 'a/b'],
    ['/c/files/a%2fb', 'a/b'],
    ['/c/files/a//b', 'a//b'],
    ['/c/files//a', '/a'],
    ['/c/files/a/', 'a/'],
    ['/c/files/a%2F', 'a/'],
    ['/c/files/%2e%2e', '..'],
    ['/c/files/../../etc/passwd', '../../etc/passwd'],
    ['/c/files/%2e%2e%2f%2e%2e%2fetc', '../../etc'],
    ['/c/files/..%5c..%5cx', '..\\..\\x'],
    ['/c/files/..\\x', '..\\x'],
    ['/c/files/%00', '\0'],
    ['/c/files/%252e%252e', '%2e%2e'],
    ['/c/files/%25', '%'],
    ['/c/files/a+b', 'a+b'],
    ['/c/files/a%20b', 'a b'],
    ['/c/files/a;b=c', 'a;b=c'],
    ['/c/files/a?b/c', 'a'],
    ['/c/files/a%3Fb', 'a?b'],
    ['/c/files/a%23b', 'a#b'],
    ['/c/files/%F0%9F%91%A9', '👩'],
    ['/c/files/files/upload', 'files/upload'],
    ['/c/files/%E2%80%AE', '\u202e'],
    ['http://host.example:80/c/files/a', 'a'],
  ])('%j is decoded once', (target, name) => {
    expect(place(target)).toEqual([onFile, 'c', name])
  })

  it.each([
    ['', ['/', undefined, undefined]],
    ['/', ['/', undefined, undefined]],
    ['?limit=1', ['/', undefined, undefined]],
    ['/?limit=1', ['/', undefined, undefined]],
    ['http://host.example', ['/', undefined, undefined]],
    ['/c', ['/:container', 'c', undefined]],
    ['/c/', ['/:container', 'c', undefined]],
    ['/c?x=/files/a', ['/:container', 'c', undefined]],
    ['/a%2Fb', ['/:container', 'a/b', undefined]],
    ['//', ['/:container', '', undefined]],
    ['/c/files', ['/:container/files', 'c', undefined]],
    ['/c/files/', ['/:container/files', 'c', undefined]],
    ['/c/download/', ['/:container/download', 'c', undefined]],
    ['/c/%66iles', ['/:container/%66iles', 'c', undefined]],
  ])('%j is a place without a file', (target, expected) => {
    expect(place(target)).toEqual(expected)
  })

  it.each([
    '/%',
    '/%2',
    '/%zz',
    '/c/files/%',
    '/c/files/%F',
    '/c/files/%ff',
    '/c/files/%c0%ae%c0%ae',
    '/c/files/%ed%a0%80',
    '/c/files/caf\u00c3\u00a9',
    '/c/files/caf\u00e9',
    '/c/files/a b',
    '/c/files/a#b',
    '/#',
  ])('%j is refused', (target) => {
    expect(() => parsePath(target)).toThrow(expect.objectContaining({ code: 'INVALID_NAME', statusCode: 400 }))
  })

  it('is the same through a whole server', async () => {
    const { port, mount, storage } = await startServer()
    const names = ['café', '../x', 'a//b/', '%41', '\u0001', 'a\\b', '__proto__']
    for (const name of names) {
      const head = `PUT ${mount}/photos/files/${encodeURIComponent(name)} HTTP/1.1\nContent-Length: 1`
      expect((await rawRequest(port, head, 'x')).statusCode).toBe(201)
    }
    expect((await storage.getFiles('photos')).map(({ name }) => name).toSorted()).toEqual(names.toSorted())
  })
})

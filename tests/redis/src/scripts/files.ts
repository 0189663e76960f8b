import { prelude } from './prelude.js'

/** Arguments: container, file. Returns the properties. */
export const getFile = `${prelude}
local missing = requireContainer(ARGV[2])
if missing then return missing end
local found = redis.call('HMGET', key('file', ARGV[2], ARGV[3]), 'version', 'etag', 'mtime', 'size', 'attributes', 'checksums')
return found[1] and found or failure('FILE_NOT_FOUND')
`

/** Arguments: container, range of names, number of names. Returns each name with its properties. */
export const listFiles = `${prelude}
local missing = requireContainer(ARGV[2])
if missing then return missing end
return redis.call('ZRANGE', key('names', ARGV[2]), ARGV[3], ARGV[4], 'BYLEX', 'LIMIT', 0, ARGV[5])
`

/** Arguments: container, file, content, attributes, checksums, ifMatch, ifNoneMatch. */
export const putFile = `${prelude}
local container, file, content = ARGV[2], ARGV[3], ARGV[4]
local missing = requireContainer(container) or check(etagOf(container, file), ARGV[7], ARGV[8])
if missing then return missing end
return replace(container, file, newVersion(content), #content, ARGV[5], ARGV[6])
`

/** Arguments: container, file, ifMatch. */
export const removeFile = `${prelude}
local etag = etagOf(ARGV[2], ARGV[3])
local failed = requireContainer(ARGV[2]) or (not etag and failure('FILE_NOT_FOUND')) or check(etag, ARGV[4], '')
if failed then return failed end
drop(ARGV[2], ARGV[3])
return 'OK'
`

/**
 * Arguments: container and file of the source and of the target, the source's ETag, attributes,
 * ifMatch, ifNoneMatch, whether to remove the source.
 */
export const copyFile = `${prelude}
local from, source, to, target = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local missing = requireContainer(from, 'source') or requireContainer(to)
if missing then return missing end
local found = redis.call('HMGET', key('file', from, source), 'etag', 'version', 'size', 'attributes', 'checksums')
if not found[1] then return failure('FILE_NOT_FOUND', 'source') end
local failed = check(found[1], ARGV[6], '') or check(etagOf(to, target), ARGV[8], ARGV[9])
if failed then return failed end
local version = redis.call('INCR', key('versions'))
redis.call('COPY', key('content', found[2]), key('content', version))
local written = replace(to, target, version, found[3], ARGV[7] ~= '' and ARGV[7] or found[4], found[5])
if ARGV[10] ~= '' then drop(from, source) end
return written
`

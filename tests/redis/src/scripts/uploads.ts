import { prelude } from './prelude.js'

/** Arguments: container, file, id, size of a part, attributes, checksums. */
export const startUpload = `${prelude}
local container, file, id = ARGV[2], ARGV[3], ARGV[4]
local missing = requireContainer(container)
if missing then return missing end
local properties = { 'partSize', ARGV[5], 'attributes', ARGV[6], 'checksums', ARGV[7], 'started', string.format('%d', now()) }
redis.call('HSET', key('upload', container, id), 'file', file, unpack(properties))
redis.call('ZADD', key('uploads', container), 0, file .. '\\0' .. id)
return 'OK'
`

/** Arguments: container, file, id, number of the part, content. Returns the part's version. */
export const uploadPart = `${prelude}
local container, file, id, number = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local missing = requireUpload(container, file, id)
if missing then return missing end
local previous = redis.call('HGET', key('parts', container, id), number)
if previous then redis.call('DEL', key('content', string.match(previous, '%d+'))) end
local version = newVersion(ARGV[6])
redis.call('HSET', key('parts', container, id), number, version .. ' ' .. #ARGV[6])
return tostring(version)
`

/** Arguments: container, file, id. Returns numbers, versions and sizes of all parts. */
export const listParts = `${prelude}
return requireUpload(ARGV[2], ARGV[3], ARGV[4]) or redis.call('HGETALL', key('parts', ARGV[2], ARGV[4]))
`

/** Arguments: container, file, id, ifMatch, ifNoneMatch, then the parts' versions in order. */
export const completeUpload = `${prelude}
local container, file, id = ARGV[2], ARGV[3], ARGV[4]
local missing = requireUpload(container, file, id)
if missing then return missing end
for number = 1, #ARGV - 6 do
  local part = redis.call('HGET', key('parts', container, id), number)
  if not part or string.match(part, '%d+') ~= ARGV[number + 6] then return failure('INVALID_PART') end
end
local failed = check(etagOf(container, file), ARGV[5], ARGV[6])
if failed then return failed end
local version = newVersion('')
for number = 7, #ARGV do
  redis.call('APPEND', key('content', version), redis.call('GET', key('content', ARGV[number])))
end
local stored = redis.call('HMGET', key('upload', container, id), 'attributes', 'checksums')
dropUpload(container, file, id)
return replace(container, file, version, redis.call('STRLEN', key('content', version)), stored[1], stored[2])
`

/** Arguments: container, file, id. */
export const abortUpload = `${prelude}
local missing = requireContainer(ARGV[2])
if missing then return missing end
if not requireUpload(ARGV[2], ARGV[3], ARGV[4]) then dropUpload(ARGV[2], ARGV[3], ARGV[4]) end
return 'OK'
`

/** Arguments: container, range of uploads, number of uploads. */
export const listUploads = `${prelude}
local missing = requireContainer(ARGV[2])
if missing then return missing end
local uploads = redis.call('ZRANGE', key('uploads', ARGV[2]), ARGV[3], ARGV[4], 'BYLEX', 'LIMIT', 0, ARGV[5])
for index, upload in ipairs(uploads) do
  local _, id = string.match(upload, '^(.*)%z(.-)$')
  local found = redis.call('HMGET', key('upload', ARGV[2], id), 'partSize', 'started')
  uploads[index] = { upload, found[1], found[2] }
end
return uploads
`

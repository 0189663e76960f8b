import { prelude } from './prelude.js'

/** Arguments: container, name, bytes. */
export const putHiddenFile = `${prelude}
local missing = requireContainer(ARGV[2])
if missing then return missing end
redis.call('ZADD', key('hidden', ARGV[2]), 0, ARGV[3])
redis.call('HSET', key('hidden', ARGV[2], ARGV[3]), 'bytes', ARGV[4], 'mtime', string.format('%d', now()))
return 'OK'
`

/** Arguments: container, name. */
export const readHiddenFile = `${prelude}
local missing = requireContainer(ARGV[2])
if missing then return missing end
return redis.call('HGET', key('hidden', ARGV[2], ARGV[3]), 'bytes') or failure('FILE_NOT_FOUND')
`

/** Arguments: container, range of names, number of names. Returns names, sizes and times. */
export const listHiddenFiles = `${prelude}
local missing = requireContainer(ARGV[2])
if missing then return missing end
local names = redis.call('ZRANGE', key('hidden', ARGV[2]), ARGV[3], ARGV[4], 'BYLEX', 'LIMIT', 0, ARGV[5])
for index, name in ipairs(names) do
  local file = key('hidden', ARGV[2], name)
  names[index] = { name, tostring(redis.call('HSTRLEN', file, 'bytes')), redis.call('HGET', file, 'mtime') }
end
return names
`

/** Arguments: container, then names. */
export const removeHiddenFiles = `${prelude}
local missing = requireContainer(ARGV[2])
if missing then return missing end
for index = 3, #ARGV do
  redis.call('ZREM', key('hidden', ARGV[2]), ARGV[index])
  redis.call('DEL', key('hidden', ARGV[2], ARGV[index]))
end
return 'OK'
`

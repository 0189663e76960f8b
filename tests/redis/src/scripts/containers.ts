import { prelude } from './prelude.js'

/** Arguments: container. */
export const createContainer = `${prelude}
if redis.call('ZADD', key('containers'), 0, ARGV[2]) == 0 then return failure('CONTAINER_EXISTS') end
return 'OK'
`

/** Arguments: container, whether it must be empty. */
export const destroyContainer = `${prelude}
local missing = requireContainer(ARGV[2])
if missing then return missing end
local names = redis.call('ZRANGE', key('names', ARGV[2]), 0, -1)
if ARGV[3] ~= '' and #names > 0 then return failure('CONTAINER_NOT_EMPTY') end
for _, file in ipairs(names) do drop(ARGV[2], file) end
for _, upload in ipairs(redis.call('ZRANGE', key('uploads', ARGV[2]), 0, -1)) do
  dropUpload(ARGV[2], string.match(upload, '^(.*)%z(.-)$'))
end
for _, name in ipairs(redis.call('ZRANGE', key('hidden', ARGV[2]), 0, -1)) do redis.call('DEL', key('hidden', ARGV[2], name)) end
redis.call('DEL', key('hidden', ARGV[2]))
redis.call('ZREM', key('containers'), ARGV[2])
return 'OK'
`

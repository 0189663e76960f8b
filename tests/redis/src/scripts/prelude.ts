/**
 * What the scripts share. Redis executes each script without interruption. A script's first
 * argument is the prefix of all keys:
 *
 * - `<prefix>:containers`: a sorted set of all containers.
 * - `<prefix>:names:<container>`: a sorted set of the container's files.
 * - `<prefix>:file:<container>:<file>`: a hash with the file's properties.
 * - `<prefix>:content:<version>`: the bytes of one version of a file.
 * - `<prefix>:uploads:<container>`: a sorted set of unfinished uploads, each `<file> NUL <id>`.
 * - `<prefix>:upload:<container>:<id>`: a hash with the upload's properties.
 * - `<prefix>:parts:<container>:<id>`: a hash with the version and the size of each part.
 * - `<prefix>:hidden:<container>`: a sorted set of hidden files.
 * - `<prefix>:hidden:<container>:<name>`: a hash with the bytes and the time of a hidden file.
 * - `<prefix>:versions`: the number of the last version, of a file or of a part.
 */
export const prelude = `
local prefix = ARGV[1]
local function key(...) return prefix .. ':' .. table.concat({...}, ':') end
-- Redis takes the first word for the code of the error.
local function failure(code, subject) return redis.error_reply(code .. ' ' .. (subject or 'target')) end
local function requireContainer(container, subject)
  if not redis.call('ZSCORE', key('containers'), container) then return failure('CONTAINER_NOT_FOUND', subject) end
end
local function etagOf(container, file) return redis.call('HGET', key('file', container, file), 'etag') end
local function check(present, ifMatch, ifNoneMatch)
  if ifMatch ~= '' and (not present or (ifMatch ~= '*' and ifMatch ~= present)) then
    return failure('PRECONDITION_FAILED')
  end
  if ifNoneMatch ~= '' and present then return failure('PRECONDITION_FAILED') end
end
local function drop(container, file)
  local version = redis.call('HGET', key('file', container, file), 'version')
  if version then redis.call('DEL', key('content', version)) end
  redis.call('DEL', key('file', container, file))
  redis.call('ZREM', key('names', container), file)
end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function newVersion(content)
  local version = redis.call('INCR', key('versions'))
  redis.call('SET', key('content', version), content)
  return version
end
local function dropUpload(container, file, id)
  for _, part in ipairs(redis.call('HVALS', key('parts', container, id))) do
    redis.call('DEL', key('content', string.match(part, '%d+')))
  end
  redis.call('DEL', key('parts', container, id), key('upload', container, id))
  redis.call('ZREM', key('uploads', container), file .. '\\0' .. id)
end
local function requireUpload(container, file, id)
  local missing = requireContainer(container)
  if missing then return missing end
  if redis.call('HGET', key('upload', container, id), 'file') ~= file then return failure('UPLOAD_NOT_FOUND') end
end
-- Stores the properties of a new version. Returns them, and whether a version was replaced.
local function replace(container, file, version, size, attributes, checksums)
  local properties = key('file', container, file)
  local present = redis.call('HMGET', properties, 'version', 'mtime')
  local mtime = math.max(now(), tonumber(present[2] or '0'))
  if present[1] then redis.call('DEL', key('content', present[1])) end
  local etag = string.format('"%x"', version)
  mtime = string.format('%d', mtime)
  redis.call('HSET', properties, 'version', version, 'etag', etag, 'mtime', mtime, 'size', size, 'attributes', attributes, 'checksums', checksums)
  redis.call('ZADD', key('names', container), 0, file)
  return { tostring(version), etag, mtime, tostring(size), attributes, checksums, present[1] and '1' or '' }
end
`

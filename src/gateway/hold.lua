-- Holds the requests of routes that sleep (docs/endpoint.md), until the map of addresses leads them elsewhere.
-- Led by a line that sets held_for and unheard_for, seconds that a request is held and those while nobody hears that it
-- is wanted, and most, how many a route may hold. All of it runs under one lock, which is let go wherever it sleeps,
-- connects or receives.
local hosts = Map.new("hosts.map", Map._str)
local keys = Map.new("keys.map", Map._str)
local sets = Map.new("sets.map", Map._str)
local sleepers = {} -- by route, while any of its requests is held

local function now()
  local time = core.now()
  return time.sec + time.usec / 1000000
end

-- Tells the server that a route is wanted: until it hears, and then again for as long as requests are held.
local function ring(id, sleeper)
  while sleeper.held > 0 do
    local socket = core.tcp()
    socket:settimeout(5)
    local heard = socket:connect("unix@wanted.sock") and socket:send(id .. "\n") and socket:receive("*l") == "heard"
    socket:close()
    if heard then
      sleeper.unheard_since = nil
    else
      sleeper.unheard_since = sleeper.unheard_since or now()
    end
    core.msleep(heard and 3000 or 100)
  end
end

local function opens(txn, id, word)
  return word and keys:lookup(id .. ":" .. txn.c:lower(txn.c:hex(txn.c:sha2(word, 256)))) ~= nil
end

-- What is said to a request that was held in vain.
local function why_not(sleeper, began)
  local unheard = sleeper.unheard_since
  if unheard and now() - math.max(unheard, began) >= unheard_for then
    return "It is asleep, and the Sluice server, which would start it, is not running. It serves again when that does."
  end
  if now() - began >= held_for then
    return "It was asleep and is being started, which takes longer than a request is held. Try again in a moment."
  end
end

core.register_action("hold", { "http-req" }, function(txn)
  local id = txn:get_var("txn.route"):match("^[^.]+")
  if sets:lookup(id .. ".sleeping") and not (opens(txn, id, txn.f:http_auth_pass()) or
      opens(txn, id, txn.f:http_auth_bearer()) or opens(txn, id, txn.f:req_fhdr("X-Api-Key"))) then
    txn:set_var("txn.refused", true)
    return
  end
  local sleeper = sleepers[id]
  if not sleeper then
    sleeper = { held = 0, let_in = 0, since = now() }
    sleepers[id] = sleeper
    core.register_task(function() ring(id, sleeper) end)
  elseif sleeper.held >= most then
    txn:set_var("txn.sentence", "It is being started, and too many requests wait for it already. Try again in a moment.")
    return
  end
  sleeper.held = sleeper.held + 1
  local host, began, sentence = txn.c:host_only(txn.f:req_hdr("host")), now(), nil
  local left = false
  repeat
    core.msleep(math.max(5, sleeper.held // 20))
    -- A worker that was replaced is no longer told what the map says.
    left = txn.f:stopping() == 1 or hosts:lookup(host) ~= id .. ".sleeping"
    sentence = why_not(sleeper, began)
  until left or sentence
  -- Few apps let many knock at the very moment they come up: one after another, a millisecond or two apart, together in a
  -- twelfth of the time that the first was held where that is enough.
  sleeper.let_in = sleeper.let_in + 1
  if left and sleeper.let_in > 4 then
    sleeper.apart = sleeper.apart or math.max(1, math.min(2, 80 * (now() - sleeper.since) / sleeper.held))
    core.msleep(math.floor(math.min(sleeper.apart * (sleeper.let_in - 4), 2000)))
  end
  sleeper.held = sleeper.held - 1
  if sleeper.held == 0 and sleepers[id] == sleeper then sleepers[id] = nil end
  if left then txn:set_var("txn.left", true) else txn:set_var("txn.sentence", sentence) end
end, 0)

using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace Backup.BackupHttpServer.Limits;

/// <summary>
/// Lets requests in, up to the limits of the server and of each agent; nobody waits here, who is not let in comes again later. Thread-safe.
/// </summary>
/// <param name="limits">Of all instances together.</param>
/// <param name="sliceBytes">Bytes of slices in this process's memory.</param>
/// <param name="instances">How many instances share the limits now, at least 1.</param>
/// <param name="time">The clock.</param>
internal sealed class Admission(RequestLimits limits, long sliceBytes, Func<int> instances, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, AgentUse> _agents = new(StringComparer.Ordinal);
    private readonly Gauge _requests = new();
    private readonly Strangers _strangers = new();
    private readonly Gauge _slices = new();
    private readonly Gauge _sliceBytes = new();

    /// <summary>Lets a request in, whoever it is from: until that is known it has none of the places of agents.</summary>
    /// <exception cref="Foundation.Errors.BackupException">8043.</exception>
    public Pass Enter(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (!_strangers.TryTake(address, Part(limits.StrangersRequests), Part(limits.StrangersRequestsPerAddress)))
        {
            throw BackupHttpServerErrors.ServerFull();
        }

        var pass = new Pass(this, context, address);
        context.Items[typeof(Pass)] = pass;
        return pass;
    }

    private int Part(int whole) => Math.Max(1, whole / Math.Max(1, instances()));

    private long Part(long whole) => Math.Max(1, whole / Math.Max(1, instances()));

    /// <summary>What one request has of the limits, until it is disposed at the request's end.</summary>
    internal sealed class Pass(Admission owner, HttpContext context, IPAddress address) : IDisposable
    {
        private AgentUse? _agent;
        private bool _isKnown;
        private CancellationTokenSource? _bodyTime;
        private CancellationTokenSource? _body;

        public static Pass Of(HttpContext context) => (Pass)context.Items[typeof(Pass)]!;

        /// <summary>The request is this agent's.</summary>
        /// <exception cref="Foundation.Errors.BackupException">8041 too many at the same time, 8042 too many in a second, 8043 too many of all agents.</exception>
        public void ForAgent(string agentId)
        {
            if (!_isKnown)
            {
                if (!owner._requests.TryTake(1, owner.Part(owner.Limits.Requests)))
                {
                    throw BackupHttpServerErrors.ServerFull();
                }

                _isKnown = true;
                owner._strangers.Give(address);
            }

            var use = owner._agents.GetOrAdd(agentId, static _ => new AgentUse());
            var perSecond = owner.Part(owner.Limits.RequestsPerSecondPerAgent);
            if (!use.Rate.TryTake(perSecond, 2 * perSecond, owner.Time))
            {
                throw BackupHttpServerErrors.AgentTooFast();
            }

            if (!use.Requests.TryTake(1, owner.Part(owner.Limits.RequestsPerAgent)))
            {
                throw BackupHttpServerErrors.AgentBusy(owner.Part(owner.Limits.RequestsPerAgent));
            }

            _agent = use;
        }

        /// <summary>Takes what a slice needs, until it is disposed. After <see cref="ForAgent"/>.</summary>
        /// <exception cref="Foundation.Errors.BackupException">8008 the server has no memory free, 8041 the agent has enough in flight.</exception>
        public IDisposable ForSlice(long bytes)
        {
            var share = new SliceShare();
            try
            {
                // One slice is taken however long it is: an agent must be able to send what it has.
                var agentBytes = Math.Max(bytes, owner.Part(owner.Limits.SliceBytesPerAgent));
                if (
                    !share.TryTake(_agent!.Slices, 1, owner.Part(owner.Limits.SlicesPerAgent))
                    || !share.TryTake(_agent.SliceBytes, bytes, agentBytes)
                )
                {
                    throw BackupHttpServerErrors.AgentBusy(owner.Part(owner.Limits.SlicesPerAgent));
                }

                if (
                    !share.TryTake(owner._slices, 1, owner.Part(owner.Limits.Slices))
                    || !share.TryTake(owner._sliceBytes, bytes, owner.SliceBytes)
                )
                {
                    throw BackupHttpServerErrors.Full();
                }

                return share;
            }
            catch
            {
                share.Dispose();
                throw;
            }
        }

        /// <summary>Cancelled when the client is gone or the body has taken too long, a stranger's sooner; the clock runs from the first call on.</summary>
        public CancellationToken Body
        {
            get
            {
                if (_body is null)
                {
                    var time = _isKnown ? owner.Limits.BodyTimeout : owner.Limits.StrangersBodyTimeout;
                    _bodyTime = new CancellationTokenSource(time, owner.Time);
                    _body = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _bodyTime.Token);
                }

                return _body.Token;
            }
        }

        public void Dispose()
        {
            _body?.Dispose();
            _bodyTime?.Dispose();
            _agent?.Requests.Give(1);
            if (_isKnown)
            {
                owner._requests.Give(1);
            }
            else
            {
                owner._strangers.Give(address);
            }
        }
    }

    private RequestLimits Limits => limits;

    private long SliceBytes => sliceBytes;

    private TimeProvider Time => time;

    /// <summary>Requests of whom nothing is known yet, of all addresses and of each.</summary>
    private sealed class Strangers
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<IPAddress, int> _addresses = [];
        private int _all;

        public bool TryTake(IPAddress address, int limit, int limitOfAddress)
        {
            lock (_gate)
            {
                var taken = _addresses.GetValueOrDefault(address);
                if (_all >= limit || taken >= limitOfAddress)
                {
                    return false;
                }

                _all++;
                _addresses[address] = taken + 1;
                return true;
            }
        }

        public void Give(IPAddress address)
        {
            lock (_gate)
            {
                _all--;
                if (--_addresses[address] is 0)
                {
                    _ = _addresses.Remove(address);
                }
            }
        }
    }

    private sealed class AgentUse
    {
        public Gauge Requests { get; } = new();

        public Gauge Slices { get; } = new();

        public Gauge SliceBytes { get; } = new();

        public Rate Rate { get; } = new();
    }

    /// <summary>What was taken from several gauges, given back together.</summary>
    private sealed class SliceShare : IDisposable
    {
        private readonly List<(Gauge Gauge, long Amount)> _taken = new(4);

        public bool TryTake(Gauge gauge, long amount, long limit)
        {
            if (!gauge.TryTake(amount, limit))
            {
                return false;
            }

            _taken.Add((gauge, amount));
            return true;
        }

        public void Dispose()
        {
            foreach (var (gauge, amount) in _taken)
            {
                gauge.Give(amount);
            }

            _taken.Clear();
        }
    }

    /// <summary>How much of something is taken.</summary>
    private sealed class Gauge
    {
        private long _taken;

        public bool TryTake(long amount, long limit)
        {
            if (Interlocked.Add(ref _taken, amount) <= limit)
            {
                return true;
            }

            Interlocked.Add(ref _taken, -amount);
            return false;
        }

        public void Give(long amount) => Interlocked.Add(ref _taken, -amount);
    }
}

using Backup.Agent.Source;
using Backup.Agent.Status;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Agent.Work;

/// <summary>What heartbeats, and <c>backup-agent status</c>, say of one deployment. Thread-safe.</summary>
internal sealed class WorkStatus(ConfiguredDeployment deployment, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long _documents;
    private long _rawBytes;
    private Optime? _source;
    private long? _sourceFence;
    private long? _readAfter;
    private Optime? _newest;
    private SourceMember? _member;
    private OplogWindow? _window;
    private long? _fence;
    private long _renewedAt;
    private string? _holder;
    private Fault? _fault;
    private PastFault? _lastFault;
    private Optime? _position;
    private AcknowledgedSlice? _slice;
    private Copy? _copy;

    /// <summary>What it does now, for people.</summary>
    public string Phase { get; set; } = "starting";

    public string? ReplicaSetId { get; set; }

    /// <summary>The number of the lease that is held; null while none is.</summary>
    public long? Fence
    {
        get
        {
            lock (_lock)
            {
                return _fence;
            }
        }
    }

    /// <summary>What is read now, or is looked at while the reading is paused; null while there is none.</summary>
    public SourceMember? Member
    {
        set
        {
            lock (_lock)
            {
                _member = value;
                _window = value is null ? null : _window;
            }
        }
    }

    /// <summary>How much time the source's oplog holds, as it was told last.</summary>
    public OplogWindow? Window
    {
        set
        {
            lock (_lock)
            {
                _window = value;
            }
        }
    }

    /// <summary>The source's majority-committed optime, read just now; null where it could not be asked.</summary>
    /// <param name="optime">What was read.</param>
    /// <param name="fence">Of the lease that was held when the reading began: under a later one it would be news from before.</param>
    /// <param name="readAfter">The server's time of the answer that the reading began after; null before the first one.</param>
    public void Saw(Optime? optime, long? fence, long? readAfter)
    {
        lock (_lock)
        {
            _source = optime;
            _sourceFence = fence;
            _readAfter = readAfter;
            _newest = optime ?? _newest;
        }
    }

    public void StandBy(string holder)
    {
        lock (_lock)
        {
            _fence = null;
            _fault = null;
            Phase = "standing by";
            _holder = holder;
        }
    }

    public void StartWork(long fence, long sentAt)
    {
        lock (_lock)
        {
            _fence = fence;
            _fault = null;
            _holder = null;
            _renewedAt = sentAt;
        }
    }

    /// <param name="sentAt">When the renewal was sent, as a timestamp of the clock.</param>
    public void Renewed(long sentAt)
    {
        lock (_lock)
        {
            _renewedAt = sentAt;
        }
    }

    public void EndWork()
    {
        lock (_lock)
        {
            (_fence, _position, _slice, _copy, _newest) = (null, null, null, null, null);
        }
    }

    /// <summary>Where the server says that it goes on.</summary>
    public void StartAt(SyncPosition position)
    {
        lock (_lock)
        {
            _position = position.LastOplog?.ToOptime();
            _copy = null;
        }
    }

    public void StartCopy(IReadOnlyList<RangePosition> ranges)
    {
        lock (_lock)
        {
            _copy = new Copy(time.GetTimestamp(), ranges.Sum(one => one.Bytes), ExpectedOf(ranges));
        }
    }

    public void EndCopy()
    {
        lock (_lock)
        {
            _copy = null;
        }
    }

    /// <summary>The server has acknowledged a slice of a copy.</summary>
    public void Copied(long sequence, long documents, long bytes)
    {
        lock (_lock)
        {
            _documents += documents;
            _rawBytes += bytes;
            _slice = new AcknowledgedSlice("copy", sequence, bytes, time.GetUtcNow());
            if (_copy is { } copy)
            {
                copy.Bytes += bytes;
            }
        }
    }

    /// <summary>The server has acknowledged a slice of the oplog.</summary>
    public void Tailed(long sequence, long bytes, Optime last)
    {
        lock (_lock)
        {
            _rawBytes += bytes;
            _position = last;
            _slice = new AcknowledgedSlice("oplog", sequence, bytes, time.GetUtcNow());
        }
    }

    public void Failed(BackupException failure) => SetFault(new Fault(failure.Code, failure.Message, failure.Hint));

    public void SetFault(Fault? fault)
    {
        lock (_lock)
        {
            _fault = fault;
            _lastFault = fault is null ? _lastFault : new PastFault(time.GetUtcNow(), fault);
        }
    }

    /// <param name="revision">Of the order that is in force.</param>
    /// <param name="load">What the agent costs the source.</param>
    public DeploymentReport Report(long revision, LoadReport? load)
    {
        lock (_lock)
        {
            return new DeploymentReport(
                deployment.Id,
                _fault,
                ReplicaSetId,
                Phase,
                _fence is not null && _source is { } source ? WireOptime.From(source) : null,
                _documents,
                _rawBytes,
                _sourceFence,
                _readAfter,
                _fence is null
                    ? null
                    : new SourceReport(_member?.Host.ToString(), _member?.Why, revision, _window, load)
            );
        }
    }

    /// <param name="rule">The one for the member.</param>
    /// <param name="load">What the agent costs the source.</param>
    public DeploymentStatus Describe(string rule, LoadReport? load)
    {
        lock (_lock)
        {
            return new DeploymentStatus(deployment.Id, deployment.Name, Phase, _fence)
            {
                Holder = _holder,
                LeaseRenewedSecondsAgo = _fence is null ? null : Rounded(time.GetElapsedTime(_renewedAt)),
                Rule = rule,
                Member = _member?.Host.ToString(),
                Why = _member?.Why,
                Position = _position is { } position ? WireOptime.From(position) : null,
                LagSeconds = _newest is { } newest && _position is { } at ? Math.Max(0, (double)newest.T - at.T) : null,
                LastSlice = _slice,
                Load = _fence is null ? null : load,
                Copy = _copy?.Progress(time),
                Error = _fault,
                LastError = _lastFault,
            };
        }
    }

    /// <summary>A collection may have grown since the source was asked.</summary>
    private static long ExpectedOf(IReadOnlyList<RangePosition> ranges) =>
        ranges.Sum(one => Math.Max(one.ExpectedBytes, one.Bytes));

    private static double Rounded(TimeSpan time) => Math.Round(time.TotalSeconds, 1);

    private sealed class Copy(long startedAt, long doneBefore, long expected)
    {
        public long Bytes { get; set; }

        public CopyProgress Progress(TimeProvider time)
        {
            var (done, seconds) = (doneBefore + Bytes, time.GetElapsedTime(startedAt).TotalSeconds);
            var whole = Math.Max(expected, done);
            return new CopyProgress(
                done,
                whole,
                Bytes > 0 && seconds > 0 ? (long)Math.Ceiling((whole - done) / (Bytes / seconds)) : null
            );
        }
    }
}

using Backup.Agent.Source;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Agent.Work;

/// <summary>What the heartbeat says of one deployment. Thread-safe.</summary>
internal sealed class WorkStatus(string deploymentId)
{
    private readonly Lock _lock = new();
    private long _documents;
    private long _rawBytes;
    private Optime? _source;
    private long? _sourceFence;
    private long? _readAfter;
    private SourceMember? _member;
    private OplogWindow? _window;
    private long? _fence;
    private Fault? _fault;

    /// <summary>What it does now, for people.</summary>
    public string Phase { get; set; } = "starting";

    public string? ReplicaSetId { get; set; }

    /// <summary>Which agent works, while this one stands by.</summary>
    public string? Holder { get; private set; }

    /// <summary>When the lease's last renewal was sent, as a timestamp of the clock.</summary>
    public long RenewedAt { get; private set; }

    public void Moved(long documents, long rawBytes)
    {
        Interlocked.Add(ref _documents, documents);
        Interlocked.Add(ref _rawBytes, rawBytes);
    }

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
        }
    }

    /// <summary>What is read now, or is looked at while the reading is paused; null while there is none.</summary>
    public SourceMember? Member
    {
        get
        {
            lock (_lock)
            {
                return _member;
            }
        }
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

    public void StandBy(string holder)
    {
        lock (_lock)
        {
            _fence = null;
            _fault = null;
            Phase = "standing by";
            Holder = holder;
        }
    }

    public void StartWork(long fence, long sentAt)
    {
        lock (_lock)
        {
            _fence = fence;
            _fault = null;
            Holder = null;
            RenewedAt = sentAt;
        }
    }

    public void Renewed(long sentAt) => RenewedAt = sentAt;

    public void EndWork()
    {
        lock (_lock)
        {
            _fence = null;
        }
    }

    public void Failed(BackupException failure) => SetFault(new Fault(failure.Code, failure.Message, failure.Hint));

    public void SetFault(Fault? fault)
    {
        lock (_lock)
        {
            _fault = fault;
        }
    }

    /// <param name="revision">Of the order that is in force.</param>
    public DeploymentReport Report(long revision)
    {
        lock (_lock)
        {
            return new DeploymentReport(
                deploymentId,
                _fault,
                ReplicaSetId,
                Phase,
                _fence is not null && _source is { } source ? WireOptime.From(source) : null,
                Interlocked.Read(ref _documents),
                Interlocked.Read(ref _rawBytes),
                _sourceFence,
                _readAfter,
                _fence is null ? null : new SourceReport(_member?.Host.ToString(), _member?.Why, revision, _window)
            );
        }
    }
}

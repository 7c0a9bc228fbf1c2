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
    private Fault? _fault;

    /// <summary>What it does now, for people.</summary>
    public string Phase { get; set; } = "starting";

    public string? ReplicaSetId { get; set; }

    public void Moved(long documents, long rawBytes)
    {
        Interlocked.Add(ref _documents, documents);
        Interlocked.Add(ref _rawBytes, rawBytes);
    }

    /// <summary>The source's majority-committed optime, read just now; null where it could not be asked.</summary>
    public void Saw(Optime? optime)
    {
        lock (_lock)
        {
            _source = optime;
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

    public DeploymentReport Report()
    {
        lock (_lock)
        {
            return new DeploymentReport(
                deploymentId,
                _fault,
                ReplicaSetId,
                Phase,
                _source is { } source ? WireOptime.From(source) : null,
                Interlocked.Read(ref _documents),
                Interlocked.Read(ref _rawBytes)
            );
        }
    }
}

using System.Collections.Concurrent;

namespace Backup.Sandbox;

/// <summary>Failures that a test orders in advance; each is counted when it happens.</summary>
public sealed class SandboxFaults
{
    private readonly ConcurrentQueue<(string Command, int Code, string Message)> _planned = new();
    private int _hit;

    /// <summary>Planned faults that have happened.</summary>
    public int Hit => Volatile.Read(ref _hit);

    /// <summary>Planned faults that have not happened yet: a test with any left has tested nothing.</summary>
    public int Pending => _planned.Count;

    /// <summary>The next such command fails with a server's error code.</summary>
    public void FailNext(string command, int code, string message) => _planned.Enqueue((command, code, message));

    internal void BeforeCommand(string command)
    {
        if (_planned.TryPeek(out var fault) && fault.Command == command && _planned.TryDequeue(out fault))
        {
            Interlocked.Increment(ref _hit);
            throw new CommandFault(fault.Code, "PlannedFault", fault.Message);
        }
    }
}

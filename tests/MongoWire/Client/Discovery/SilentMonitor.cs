using Backup.MongoWire.Client.Discovery;

namespace Backup.Tests.MongoWire.Client.Discovery;

/// <summary>Finds nothing by itself: the test reports in its place, and sees what was asked of it.</summary>
internal sealed class SilentMonitor : IServerMonitor
{
    internal int Requests { get; private set; }

    internal int Cancellations { get; private set; }

    internal bool IsDisposed { get; private set; }

    public void RequestCheck() => Requests++;

    public void CancelCheck() => Cancellations++;

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}

namespace Backup.MongoWire.Client.Discovery;

/// <summary>Watches one server and reports what it finds. None of its methods waits.</summary>
internal interface IServerMonitor : IAsyncDisposable
{
    /// <summary>Asks soon instead of at the next heartbeat; without effect while it asks.</summary>
    void RequestCheck();

    /// <summary>A command has just lost its connection: the question under way, if there is one, is given up.</summary>
    void CancelCheck();
}

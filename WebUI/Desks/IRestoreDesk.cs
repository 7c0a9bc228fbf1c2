using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>Restores that go on by themselves once they are begun: pushes over SSH, and straight into MongoDB.</summary>
public interface IRestoreDesk
{
    /// <summary>Begins it. What is wrong with the request is said now.</summary>
    Task<RestoreTaskView> BeginAsync(string groupId, RestoreTaskRequest request, CancellationToken cancellation);

    /// <summary>
    /// Refuses a target whose URI names files or sockets of the appliance's host: certificates and servers that the appliance can reach are not those of whoever asks
    /// it over the network.
    /// </summary>
    /// <param name="uri">Of the target.</param>
    void RequireForeign(string uri);

    /// <summary>Those of the group that are under way or ended in the last days, newest first.</summary>
    Task<IReadOnlyList<RestoreTaskView>> ListAsync(string groupId, CancellationToken cancellation);

    /// <summary>Null where the group has none of that id.</summary>
    Task<RestoreTaskView?> FindAsync(string groupId, string id, CancellationToken cancellation);

    /// <summary>Begins it once more where it failed or was cancelled; it goes on with what is there.</summary>
    /// <param name="groupId">Whose it is.</param>
    /// <param name="id">Of a restore that is over.</param>
    /// <param name="retry">What was not kept of it.</param>
    /// <param name="cancellation">Nothing was begun then.</param>
    Task<RestoreTaskView> RetryAsync(string groupId, string id, RetryRequest retry, CancellationToken cancellation);

    /// <summary>Stops it where it is under way. What it wrote stays where it is.</summary>
    Task CancelAsync(string groupId, string id, CancellationToken cancellation);
}

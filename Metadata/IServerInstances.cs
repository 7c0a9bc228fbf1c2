namespace Backup.Metadata;

/// <summary>The instances of the server for agents that work on this catalogue now: they share its limits.</summary>
public interface IServerInstances
{
    /// <summary>
    /// Notes that the instance is there now, forgets those that have been silent for ten times <paramref name="silence"/>, and counts those that
    /// were heard of within <paramref name="silence"/>, this one included.
    /// </summary>
    Task<int> SeenAsync(string instanceId, TimeSpan silence, CancellationToken cancellation = default);

    /// <summary>The instance stops. Nothing happens where it is not known.</summary>
    Task LeaveAsync(string instanceId, CancellationToken cancellation = default);
}

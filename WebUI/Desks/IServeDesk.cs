using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>Moments served as read-only MongoDB endpoints.</summary>
public interface IServeDesk
{
    /// <summary>What this appliance serves now, by when it ends.</summary>
    IReadOnlyList<ServedView> List();

    /// <summary>Opens the moment and listens; a password that was made is in the answer, once.</summary>
    Task<ServedView> StartAsync(ServeRequestView request, CancellationToken cancellation);

    /// <summary>Its clients are disconnected.</summary>
    Task<ServedView> StopAsync(string id);
}

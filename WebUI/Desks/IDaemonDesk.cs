using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>The daemons that keep heads, and which of them keeps which.</summary>
public interface IDaemonDesk
{
    /// <summary>By name.</summary>
    Task<IReadOnlyList<DaemonView>> DaemonsAsync(CancellationToken cancellation);

    /// <summary>Whether it is to give its heads to others and take none.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6009 there is no such daemon.</exception>
    Task<DaemonView> DrainAsync(string daemon, bool drains, CancellationToken cancellation);

    /// <summary>One that is gone for good; where it is not, it comes back by its next sign of life.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6009 there is no such daemon.</exception>
    Task ForgetAsync(string daemon, CancellationToken cancellation);

    /// <summary>By deployment and replica set.</summary>
    Task<IReadOnlyList<HeadPlaceView>> HeadsAsync(CancellationToken cancellation);

    /// <summary>From now on that daemon is to keep the head.</summary>
    /// <param name="replicaSet">Its id or name.</param>
    /// <param name="daemon">Null: whoever likes.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    /// <exception cref="Foundation.Errors.BackupException">6009 one of them is not known.</exception>
    Task<HeadPlaceView> MoveAsync(string replicaSet, string? daemon, CancellationToken cancellation);
}

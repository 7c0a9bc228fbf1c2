using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Tests.WebUI;

/// <content>Daemons and heads.</content>
internal sealed partial class TestDesks : IDaemonDesk
{
    private static DaemonView SomeDaemon =>
        new("d1", true, 1, 0, null)
        {
            Host = "host",
            Version = "1.0.0",
            Weight = 100,
            SeenAt = Noon,
            StartedAt = Noon,
        };

    public Task<IReadOnlyList<DaemonView>> DaemonsAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<DaemonView>>([SomeDaemon]);

    public Task<DaemonView> DrainAsync(string daemon, bool drains, CancellationToken cancellation) =>
        Does($"drain {daemon} {drains}", SomeDaemon with { Drains = drains });

    public Task ForgetAsync(string daemon, CancellationToken cancellation) => Does($"forget {daemon}", SomeDaemon);

    public Task<IReadOnlyList<HeadPlaceView>> HeadsAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<HeadPlaceView>>([SomeHead]);

    public Task<HeadPlaceView> MoveAsync(string replicaSet, string? daemon, CancellationToken cancellation) =>
        Does($"move {replicaSet} to {daemon}", SomeHead with { Wish = daemon });

    private static HeadPlaceView SomeHead => new("rs-1", "rs0", "rs0", "d1", Noon, null);
}

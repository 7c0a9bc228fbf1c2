using System.Globalization;
using System.Net;
using System.Text;
using Backup.Foundation.Files;
using Backup.Metadata;
using Backup.Sandbox;

namespace Backup.Cli.Appliance;

/// <summary>
/// Something to protect for who has nothing at hand: a sandbox with a live workload. It lives in memory and is another replica set at each
/// start; what earlier ones left in the appliance can still be restored.
/// </summary>
internal sealed class SandboxSource : IAsyncDisposable
{
    internal const string DeploymentName = "sandbox";

    private readonly SandboxReplicaSet _sandbox;
    private readonly SandboxWorkload _workload;

    private SandboxSource(SandboxReplicaSet sandbox, SandboxWorkload workload)
    {
        _sandbox = sandbox;
        _workload = workload;
    }

    internal string Uri => _sandbox.ConnectionString;

    /// <summary>On the port of the last time, so that the deployment stays one and the same.</summary>
    internal static async Task<SandboxSource> StartAsync(DataFolder folder, CancellationToken cancellation)
    {
        var remembered = Path.Combine(folder.Root, "sandbox.port");
        var port = File.Exists(remembered)
            ? int.Parse(await File.ReadAllTextAsync(remembered, cancellation), CultureInfo.InvariantCulture)
            : 0;
        var options = new SandboxOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, port),
            NoopInterval = TimeSpan.FromSeconds(10),
        };
        var sandbox = await PortInUse.TranslateAsync(
            port,
            "--protect URI or another --data",
            () => SandboxReplicaSet.StartAsync(options)
        );
        DurableFile.Write(
            remembered,
            Encoding.ASCII.GetBytes(sandbox.EndPoint.Port.ToString(CultureInfo.InvariantCulture))
        );
        return new SandboxSource(sandbox, SandboxWorkload.Start(sandbox));
    }

    /// <summary>Makes it a deployment; the replica sets of earlier starts are marked as ended.</summary>
    internal async Task RegisterAsync(
        IMetadataStore metadata,
        string groupId,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var deployment = await metadata.Deployments.EnsureAsync(
            new Deployment(Guid.CreateVersion7(now).ToString(), groupId, DeploymentName, "replicaSet", Uri, now),
            cancellation
        );
        var ended = CliErrors.SandboxEnded();
        foreach (var set in await metadata.Deployments.ReplicaSetsAsync(cancellation))
        {
            if (set.DeploymentId == deployment.Id)
            {
                await metadata.Deployments.SetStateAsync(
                    set.Id,
                    ReplicaSetState.Stopped,
                    ended.Code,
                    ended.Message,
                    ended.Hint,
                    cancellation
                );
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _workload.DisposeAsync();
        await _sandbox.DisposeAsync();
    }
}

using System.Globalization;
using Backup.BackupHttpServer;
using Backup.Blockstore.Files;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backup.Tests.Bench;

/// <summary>
/// The server for agents as a process of its own, on SQLite and files as in an appliance, with a deployment and an enrolment token for each
/// agent; prints its port and the tokens, and serves until its standard input closes.
/// </summary>
internal static class IngestServe
{
    internal static string DeploymentOf(int agent) => string.Create(CultureInfo.InvariantCulture, $"d{agent}");

    /// <param name="arguments">How many agents, and a folder.</param>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var agents = int.Parse(arguments[0], CultureInfo.InvariantCulture);
        var folder = arguments[1];
        await using var metadata = await SqliteMetadataStore.OpenAsync(Path.Combine(folder, "metadata.db"));
        Directory.CreateDirectory(Path.Combine(folder, "slices"));
        await using var server = await BackupHttpServerHost.StartAsync(
            new BackupHttpServerOptions { CertificateFolder = Path.Combine(folder, "tls"), Port = 0 },
            metadata,
            new FileObjectStore(Path.Combine(folder, "slices")),
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        var group = await metadata.Access.EnsureGroupAsync("bench");
        Console.WriteLine(server.EndPoint.Port);
        for (var agent = 0; agent < agents; agent++)
        {
            var id = DeploymentOf(agent);
            var uri = $"mongodb://{id}/?replicaSet=rs0";
            await metadata.Deployments.EnsureAsync(
                new Deployment(id, group.Id, id, "replicaSet", uri, TimeProvider.System.GetUtcNow())
            );
            Console.WriteLine(
                await Enrolment.CreateTokenAsync(
                    metadata,
                    "bench",
                    server.CaFingerprint,
                    TimeSpan.FromHours(1),
                    TimeProvider.System
                )
            );
        }

        await Console.In.ReadToEndAsync();
        await server.StopAsync();
        return 0;
    }
}

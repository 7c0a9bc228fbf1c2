using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using Backup.BackupHttpServer.Certificates;
using Backup.Daemon.Restores;
using Backup.Daemon.Serving;
using Backup.Foundation;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Appliance;

/// <summary>Serves moments as MongoDB endpoints.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="restores">Opens replica sets.</param>
/// <param name="clusters">Opens clusters.</param>
/// <param name="registry">What is served now.</param>
/// <param name="time">The clock.</param>
/// <param name="certificates">The appliance's authority, opened when it is needed.</param>
internal sealed class ServeOperations(
    IMetadataStore metadata,
    RestoreOperations restores,
    ClusterRestoreOperations clusters,
    ServeRegistry registry,
    TimeProvider time,
    Func<CancellationToken, Task<CertificateAuthority>> certificates
) : IServeDesk
{
    private const int PasswordBytes = 24;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public IReadOnlyList<ServedView> List() => [.. registry.All.Select(View)];

    public async Task<ServedView> StartAsync(ServeRequestView request, CancellationToken cancellation)
    {
        if (!IPAddress.TryParse(request.Address, out var address) || request.Port is < 0 or > 65535)
        {
            throw CliErrors.Argument(
                $"'{request.Address}' port {request.Port} is no address to listen on.",
                "Give an IP address such as 127.0.0.1 or 0.0.0.0, and a port from 0 to 65535."
            );
        }

        if (!request.Tls && !IPAddress.IsLoopback(address))
        {
            throw Daemon.DaemonErrors.PlainBeyondLoopback(request.Address);
        }

        var lifetime = TimeSpan.FromSeconds(request.Seconds);
        if (lifetime < TimeSpan.FromSeconds(1) || lifetime > Longest)
        {
            throw CliErrors.Argument($"A backup is not served for {lifetime}.", "Give --for from 1s to 366d.");
        }

        var user = request.User ?? "backup";
        var password = request.Password ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PasswordBytes));
        var credentials = ServeOptions.Keep(user, password);
        var authority = request.Tls ? await certificates(cancellation) : null;
        var (subject, name, restore) = await OpenAsync(request, cancellation);
        var optime = restore.Optime;
        var options = new ServeOptions
        {
            EndPoint = new IPEndPoint(address, request.Port),
            User = user,
            Credentials = credentials,
            Lifetime = lifetime,
            SubjectId = subject,
            What = string.Create(
                CultureInfo.InvariantCulture,
                $"{name} at {optime.WallClock:u} ({optime.T},{optime.I})"
            ),
            Tls = authority is null
                ? null
                : new SslServerAuthenticationOptions
                {
                    ServerCertificateSelectionCallback = (_, _) => authority.ServerCertificate(),
                },
        };
        // Disposed by the registry, whatever becomes of it.
        var served = await registry.StartAsync(restore, options);
        await RecordAsync("serve.start", $"{served.Id}: {served.What}");
        return View(served) with
        {
            Password = request.Password is null ? password : null,
            CaPem = authority?.Certificate.ExportCertificatePem(),
        };
    }

    public async Task<ServedView> StopAsync(string id)
    {
        var view = List().FirstOrDefault(one => one.Id == id) ?? throw Daemon.DaemonErrors.NotServed(id);
        await registry.StopAsync(id);
        await RecordAsync("serve.stop", $"{view.Id}: {view.What}");
        return view;
    }

    private Task RecordAsync(string action, string subject) =>
        metadata.Audit.AddAsync(
            new AuditRecord(
                time.GetUtcNow(),
                AuditActor.Current.Name,
                AuditActor.Current.From,
                action,
                subject,
                AuditOutcomes.Ok
            )
            {
                GroupId = AuditActor.Current.GroupId,
            }
        );

    private static ServedView View(ServedEndpoint served)
    {
        var host =
            served.EndPoint.Address.Equals(IPAddress.Any) || served.EndPoint.Address.Equals(IPAddress.IPv6Any)
                ? Dns.GetHostName()
                : served.EndPoint.Address.ToString();
        var shown = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        return new ServedView(
            served.Id,
            served.What,
            served.EndPoint.Address.ToString(),
            served.EndPoint.Port,
            served.User,
            served.HasTls,
            served.Until,
            served.Connections
        )
        {
            Subject = served.SubjectId,
            Uri = string.Create(
                CultureInfo.InvariantCulture,
                $"mongodb://{Uri.EscapeDataString(served.User)}@{shown}:{served.EndPoint.Port}/?authSource=admin&directConnection=true{(served.HasTls ? "&tls=true" : "")}"
            ),
        };
    }

    private async Task<(string SubjectId, string Name, OpenRestore Restore)> OpenAsync(
        ServeRequestView request,
        CancellationToken cancellation
    )
    {
        List<NamespacePattern>? only =
            request.Namespaces.Count == 0 ? null : [.. request.Namespaces.Select(NamespacePattern.Parse)];
        var moment = NamedMoments.MomentOf(request.Optime, request.Before);
        if (await ClusterNames.FindAsync(metadata, request.Subject, cancellation) is { } cluster)
        {
            var which = moment is null ? request.Snapshot ?? "" : null;
            return (
                cluster.Id,
                cluster.Name,
                await clusters.OpenMergedAsync(
                    cluster.Id,
                    which,
                    moment,
                    RestoreFormat.Archive,
                    only,
                    id: null,
                    cancellation
                )
            );
        }

        var set = await ReplicaSetNames.FindAsync(metadata, request.Subject, cancellation);
        if (moment is { } point)
        {
            return (
                set.Id,
                set.Name,
                await restores.OpenMomentAsync(set.Id, point, RestoreFormat.Archive, id: null, only, cancellation)
            );
        }

        var snapshots = await metadata.Snapshots.ListAsync(set.Id, cancellation);
        var chosen = request.Snapshot is { } id
            ? snapshots.FirstOrDefault(one => one.Id == id) ?? throw CliErrors.NoSuchSnapshot(id)
            : snapshots.FirstOrDefault() ?? throw CliErrors.NothingToRestore(set.Name);
        return (
            set.Id,
            set.Name,
            await restores.OpenSnapshotAsync(chosen.Id, RestoreFormat.Archive, only, cancellation)
        );
    }
}

using System.Globalization;
using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Downloads;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Appliance;

/// <summary>Download links: made, shown, revoked.</summary>
/// <param name="metadata">Where they are kept.</param>
/// <param name="clusters">Which snapshots clusters have.</param>
/// <param name="downloads">Opens what they lead to.</param>
/// <param name="time">The clock.</param>
internal sealed class LinkOperations(
    IMetadataStore metadata,
    ClusterRestoreOperations clusters,
    DownloadSource downloads,
    TimeProvider time
) : ILinkDesk
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);
    private const int MostUses = 1000;

    private BackupHttpServerHost? _server;
    private Uri? _address;

    /// <param name="server">Who serves them.</param>
    /// <param name="address">Where other hosts connect.</param>
    internal void Serve(BackupHttpServerHost server, Uri address) => (_server, _address) = (server, address);

    /// <summary>What it leads to is opened first: what is wrong with it is said now, and not to whoever downloads it.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9501, 9505 nothing is served, and those of opening it.</exception>
    public async Task<CreatedLinkView> CreateAsync(LinkRequest request, CancellationToken cancellation)
    {
        if (_server is not { } server || _address is not { } address)
        {
            throw CliErrors.Argument("No download links are served.", "Start the appliance: backup up.");
        }

        var life = Checked(request);
        var source = await SourceAsync(request, cancellation);
        var (secret, hash) = LinkSecret.Make();
        var now = time.GetUtcNow();
        var link = new DownloadLink(
            LinkSecret.MakeId(),
            hash,
            source,
            await NameAsync(source, cancellation),
            now,
            now + life,
            request.Uses,
            request.Checksum
        );
        await using (var download = await downloads.OpenAsync(link, cancellation))
        {
            link = link with { Content = new LinkContent(download.Tag, null, null) };
        }

        await metadata.Links.AddAsync(link, cancellation);
        var until = $"good for {link.Uses} until {link.ExpiresAt:yyyy-MM-dd HH:mm:ss}Z";
        await RecordAsync(link, "link.create", until);
        var url = new Uri(address, LinkRoute.Of(link.Id, secret, link.FileName)).AbsoluteUri;
        // The key is what is checked; the certificate is of an authority that the client need not know.
        var pin = $"--insecure --pinnedpubkey '{server.PublicKeyPin}'";
        return new CreatedLinkView(
            View(link),
            url,
            server.PublicKeyPin,
            $"curl --fail --retry 20 -C - {pin} --output '{link.FileName}' '{url}'",
            $"curl --fail --silent --show-error {pin} '{url}{LinkRoute.SumSuffix}' | sha256sum -c -"
        );
    }

    public async Task<LinkView> ShowAsync(string link, CancellationToken cancellation) =>
        View(await FindAsync(link, cancellation));

    public async Task<LinkView> RevokeAsync(string link, CancellationToken cancellation)
    {
        var found = await FindAsync(link, cancellation);
        await metadata.Links.RevokeAsync(found.Id, time.GetUtcNow(), cancellation);
        if (found.RevokedAt is null)
        {
            await RecordAsync(found, "link.revoke", "");
        }

        return View(await FindAsync(link, cancellation));
    }

    private static TimeSpan Checked(LinkRequest request)
    {
        _ = RestoreFormats.Parse(request.Format);
        var life = double.IsFinite(request.Seconds)
            ? TimeSpan.FromSeconds(Math.Clamp(request.Seconds, -1, Longest.TotalSeconds * 2))
            : TimeSpan.Zero;
        if (life < Shortest || life > Longest)
        {
            throw CliErrors.Argument(
                "--expires is out of its range.",
                "Give a minute to 30 days, for example 1h or 2d."
            );
        }

        return request.Uses is >= 1 and <= MostUses
            ? life
            : throw CliErrors.Argument($"--uses cannot be {request.Uses}.", $"Give 1 to {MostUses}.");
    }

    /// <summary>The newest snapshot becomes the one that it is now: a link leads to the same bytes as long as it is good.</summary>
    private async Task<LinkSource> SourceAsync(LinkRequest request, CancellationToken cancellation)
    {
        foreach (var one in request.Namespaces)
        {
            _ = NamespacePattern.Parse(one);
        }

        var subject = await clusters.SubjectAsync(request.Subject, cancellation);
        var isCluster = subject.Kind == SubjectView.Cluster;
        var atMost = NamedMoments.MomentOf(request.Optime, request.Before)?.AtMost;
        var snapshot =
            atMost is not null ? null
            : isCluster ? (await clusters.CutAsync(subject.Id, request.Snapshot, cancellation)).Id
            : await SnapshotAsync(subject, request.Snapshot, cancellation);
        return new LinkSource(
            isCluster ? LinkSource.Cluster : LinkSource.ReplicaSet,
            subject.Id,
            subject.Name,
            snapshot,
            atMost,
            request.Namespaces,
            request.Format,
            request.Gzip
        );
    }

    private async Task<string> SnapshotAsync(SubjectView set, string? id, CancellationToken cancellation)
    {
        var snapshots = await metadata.Snapshots.ListAsync(set.Id, cancellation);
        var chosen = id is null
            ? snapshots.FirstOrDefault() ?? throw CliErrors.NothingToRestore(set.Name)
            : snapshots.FirstOrDefault(one => one.Id == id) ?? throw CliErrors.NoSuchSnapshot(id);
        return chosen.Id;
    }

    /// <summary>Subject, moment, form: for example <c>rs0-20261122T100000Z.archive.gz</c>. Of characters that nothing minds.</summary>
    private async Task<string> NameAsync(LinkSource source, CancellationToken cancellation)
    {
        var at = source.AtMost;
        if (source.SnapshotId is { } id)
        {
            at =
                source.SubjectKind == LinkSource.Cluster
                    ? (await clusters.CutAsync(source.SubjectId, id, cancellation)).Time
                    : (await metadata.Snapshots.FindAsync(id, cancellation))?.Optime;
        }

        var moment = (at ?? Optime.Zero).WallClock.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var extension = source switch
        {
            { Format: "directory" } => "tar",
            { Gzip: true } => $"{source.Format}.gz",
            _ => source.Format,
        };
        return $"{LinkNames.Plain(source.Subject)}-{moment}.{extension}";
    }

    private async Task<DownloadLink> FindAsync(string id, CancellationToken cancellation) =>
        await metadata.Links.FindAsync(id, cancellation) ?? throw CliErrors.NoSuchLink(id);

    private Task RecordAsync(DownloadLink link, string action, string details) =>
        metadata.Audit.AddAsync(
            new AuditRecord(
                time.GetUtcNow(),
                AuditActor.Current.Name,
                AuditActor.Current.From,
                action,
                $"link {link.Id}: {link.Source.Text}",
                AuditOutcomes.Ok
            )
            {
                Details = details,
                GroupId = AuditActor.Current.GroupId,
            }
        );

    private LinkView View(DownloadLink link) =>
        new(
            link.Id,
            link.RevokedAt is not null ? "revoked"
                : link.Finished >= link.Uses ? "used-up"
                : link.ExpiresAt <= time.GetUtcNow() ? "expired"
                : "open",
            link.Source.Subject,
            link.Source.SnapshotId,
            link.Source.AtMost is { } at ? new OptimeView(at.T, at.I) : null,
            link.Source.Namespaces,
            link.Source.Format,
            link.Source.Gzip,
            link.FileName,
            link.CreatedAt,
            link.ExpiresAt,
            link.Uses,
            link.Begun,
            link.Finished,
            link.RevokedAt,
            link.Content?.Bytes,
            link.Content?.Sha256 is { } sum ? Convert.ToHexStringLower(sum) : null,
            link.Trouble
        );
}

/// <summary>Names of downloads.</summary>
internal static class LinkNames
{
    private const int Longest = 80;

    /// <summary>ASCII letters, digits, dash, dot and underscore; neither hidden nor an option; at least one character.</summary>
    internal static string Plain(string name)
    {
        var plain = string.Concat(
                name.Take(Longest).Select(static one => char.IsAsciiLetterOrDigit(one) || one is '.' or '_' ? one : '-')
            )
            .TrimStart('.', '-');
        return plain.Length == 0 ? "backup" : plain;
    }
}

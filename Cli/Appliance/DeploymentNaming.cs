using Backup.Metadata;
using Backup.MongoWire.Uri;

namespace Backup.Cli.Appliance;

/// <summary>Makes a deployment out of the URI that a user gave: checked, and with a name of its own.</summary>
internal static class DeploymentNaming
{
    private const int LongestName = 64;

    /// <summary>Stores it, or gives the one that has this URI, protected again where it was removed.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2100 and on: what is wrong with the URI; 9501 with the name.</exception>
    internal static async Task<Deployment> EnsureAsync(
        IMetadataStore metadata,
        string groupId,
        string uri,
        DateTimeOffset now,
        CancellationToken cancellation,
        Foundation.NamespaceFilter? namespaces = null,
        string? name = null
    )
    {
        var known = await metadata.Deployments.ListAsync(cancellation);
        var made = New(groupId, uri, known, now);
        if (name is not null)
        {
            CheckName(name, uri, known);
            made = made with { Name = name };
        }

        return await metadata.Deployments.EnsureAsync(
            made with
            {
                Namespaces = namespaces ?? Foundation.NamespaceFilter.Everything,
            },
            cancellation
        );
    }

    /// <exception cref="Foundation.Errors.BackupException">2100 and on: what is wrong with the URI.</exception>
    internal static Deployment New(string groupId, string uri, IReadOnlyList<Deployment> known, DateTimeOffset now)
    {
        var parsed = ConnectionString.Parse(uri);
        var wanted = parsed.Options.ReplicaSet ?? parsed.Hosts[0].Host;
        var name = wanted;
        for (var i = 2; known.Any(deployment => deployment.Name == name && deployment.Uri != uri); i++)
        {
            name = $"{wanted}-{i}";
        }

        return new Deployment(Guid.CreateVersion7(now).ToString(), groupId, name, "replicaSet", uri, now);
    }

    private static void CheckName(string name, string uri, IReadOnlyList<Deployment> known)
    {
        if (
            name.Length is 0 or > LongestName
            || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
        )
        {
            throw CliErrors.Argument(
                $"'{name}' is no name of a deployment.",
                $"It has 1 to {LongestName} letters, digits, '-', '_' and '.'."
            );
        }

        if (known.Any(one => one.Name == name && one.Uri != uri))
        {
            throw CliErrors.Argument($"There is a deployment '{name}' already.", "Choose another name.");
        }
    }
}

using Backup.Metadata;

namespace Backup.Tests.Bench;

/// <param name="Name">As docs name it.</param>
/// <param name="Paths">Asked in turn: of this deployment, of that.</param>
internal sealed record PageRoute(string Name, IReadOnlyList<string> Paths);

/// <summary>Every GET that pages ask, of replica sets and of clusters.</summary>
internal static class PagesRoutes
{
    private static readonly string[] OfGroup =
    [
        "overview",
        "deployments",
        "agents",
        "jobs?limit=100",
        "jobs?limit=200",
        "restores",
        "links?limit=100",
        "members",
        "invitations",
        "tokens",
        "audit?limit=200",
        "ssh/targets",
        "ssh/keys",
        "storage",
    ];

    private static readonly string[] OfDeployment =
    [
        "",
        "/ranges",
        "/snapshots?limit=200&all=true",
        "/policy",
        "/source",
        "/namespaces",
        "/contents",
        "/monitoring?minutes=60&points=360",
        "/monitoring?minutes=2880&points=360",
    ];

    internal static async Task<IReadOnlyList<PageRoute>> OfAsync(IMetadataStore metadata, string group)
    {
        var routes = new List<PageRoute>();
        routes.AddRange(
            new[] { "session", "setup", "sessions", "users" }.Select(static one => new PageRoute(one, [one]))
        );
        routes.AddRange(OfGroup.Select(one => new PageRoute(one, [$"{group}/{one}"])));
        var all = (await metadata.Deployments.ListAsync()).Where(static one => one.Cluster is null).ToList();
        foreach (
            var (type, word) in new[]
            {
                (DeploymentTypes.ReplicaSet, "set"),
                (DeploymentTypes.ShardedCluster, "cluster"),
            }
        )
        {
            var subjects = all.Where(one => one.Type == type).ToList();
            routes.AddRange(
                OfDeployment.Select(one => new PageRoute(
                    $"{word}{one}",
                    [.. subjects.Select(subject => $"{group}/deployments/{subject.Id}{one}")]
                ))
            );
            routes.Add(new PageRoute($"{word}/snapshots/ID/deletion", await DeletionsAsync(metadata, group, subjects)));
        }

        return routes;
    }

    private static async Task<IReadOnlyList<string>> DeletionsAsync(
        IMetadataStore metadata,
        string group,
        IEnumerable<Deployment> subjects
    )
    {
        var paths = new List<string>();
        var sets = await metadata.Deployments.ReplicaSetsAsync();
        foreach (var subject in subjects)
        {
            var ids =
                subject.Type == DeploymentTypes.ShardedCluster
                    ? (await metadata.Clusters.CutsAsync(subject.Id)).Select(static one => one.Id)
                    : (await metadata.Snapshots.ListAsync(sets.First(one => one.DeploymentId == subject.Id).Id)).Select(
                        static one => one.Id
                    );
            paths.Add($"{group}/deployments/{subject.Id}/snapshots/{ids.Skip(3).First()}/deletion");
        }

        return paths;
    }
}

using System.Text;

namespace Backup.Daemon.Clusters;

/// <summary>What goes with the archives of a cluster: how it is restored, for people and as a script.</summary>
internal static class ClusterGuide
{
    internal static string Text(ClusterDescription cluster)
    {
        var (config, shards) = (cluster.Sets[0], cluster.Sets.Skip(1).ToList());
        var text = new StringBuilder();
        text.Append(
            $"""
            # The cluster '{cluster.Cluster}' at {cluster.Time}

            {(
                cluster.Snapshot is { } id ? $"Snapshot {id}" : "A moment between snapshots"
            )}: every set up to and including the position {cluster.Time}, and nothing after it.
            {(
                cluster.IsFiltered
                    ? "What migrations had left behind on the shards is filtered out: every document is in exactly one archive."
                    : "The archives are raw: a shard's archive also has documents that migrations had left behind on it. Do not load them through mongos."
            )}

            | set | replica set | MongoDB | FCV | archive | documents |
            |---|---|---|---|---|---|

            """
        );
        foreach (var set in cluster.Sets)
        {
            text.Append(
                $"| {set.Name} | {set.ReplicaSet} | {set.MongoVersion} | {set.FeatureCompatibilityVersion} | {set.Archive} | {set.Documents} |\n"
            );
        }

        text.Append(
            $"""

            `sha256sum -c {ClusterFiles.Sums}` checks the files. `{ClusterDescription.FileName}` has shard keys, zones, chunks, indexes and counts for programs.
            Users and roles are not in the archives: a cluster keeps them on its config servers; create them anew.

            ## Into a new, empty cluster of {shards.Count} shards

            1. Start one of MongoDB {config.MongoVersion} (or a later release that runs with FCV {config.FeatureCompatibilityVersion}): config servers, {shards.Count} shards, a mongos. The names of
               shards and hosts may be others. Set its feature compatibility version: `db.adminCommand({Fcv(
                config.FeatureCompatibilityVersion
            )})`.
            2. Load it through the mongos. `backup` and `mongorestore` have to be on the PATH (or in the variables BACKUP and MONGORESTORE):

               ```
               BACKUP_RESTORE_TO='mongodb://USER:PASSWORD@MONGOS:27017/' sh restore.sh{string.Concat(
                shards.Select(static one => $" {one.Name}=NEW-NAME")
            )}
               ```

               Without the pairs of old and new names the shards stand for each other in the order of their names. The user needs the roles
               `restore`, `clusterManager` and `readAnyDatabase`.
            3. The script stops the balancer, makes databases, collections, shard keys, zones and chunks as they were, loads the archives, and compares
               the counts. {(
                cluster.Layout.IsBalancerOn
                    ? "Then it starts the balancer, which was on, also where counts differ."
                    : "The balancer stays off, as it was."
            )} Where it ends early it
               says so, and what the balancer is. To turn it on by hand: `sh.startBalancer()` through the mongos. A clustered collection
               with an expiry of its own (`expireAfterSeconds`) is made without it, and gets it when its count is right.

            ## By other ways

            - One shard as a replica set: `mongorestore --archive=s0.archive` into that replica set.
            - All into one replica set, or a cluster of another shape: `backup restore {cluster.Cluster} … --to URI`, or
              `backup restore {cluster.Cluster} … --merged --output all.archive`.
            - `{config.Archive}` has the `config` database of that moment for reference. Never load it into a cluster: the new one has its own.

            """
        );
        if (cluster.LeftOut.Count > 0)
        {
            text.Append("## What is not in it\n\n");
            foreach (var one in cluster.LeftOut)
            {
                text.Append($"- {one.Set}: {one.Namespace}: {one.Reason}\n");
            }
        }

        return text.ToString();
    }

    internal static string Script(ClusterDescription cluster)
    {
        var archives = cluster.Sets.Skip(1).Select(static set => $"  load {Quoted(set.Archive)}\n");
        var hasMore = cluster.Items.Any(static item => item.Database == "admin");
        var config = hasMore ? $"  load {Quoted(cluster.Sets[0].Archive)} --nsInclude 'admin.*'\n" : "";
        var refuse = cluster.IsFiltered
            ? ""
            : "echo 'These archives are raw: write the cluster out again without --raw to load it.' >&2; exit 2\n";
        var inTheEnd = cluster.Layout.IsBalancerOn
            ? "The balancer of the target is on, as it was at the source."
            : $"The balancer of the target is off, as it was at the source. {StartBalancer}";
        return $$"""
            #!/bin/sh
            # Loads the archives of this folder into a new, empty cluster of the same number of shards, through its mongos.
            #   restore.sh [MONGOS-URI] [OLD-SHARD=NEW-SHARD ...]
            # The URI is taken from BACKUP_RESTORE_TO where it is not given: others can see a command line.
            set -eu
            here=$(cd "$(dirname "$0")" && pwd)
            {{refuse}}case "${1:-}" in mongodb*) BACKUP_RESTORE_TO=$1; shift;; esac
            : "${BACKUP_RESTORE_TO:?Name the mongos: BACKUP_RESTORE_TO=mongodb://HOST:27017/ restore.sh}"
            export BACKUP_RESTORE_TO
            backup=${BACKUP:-backup}
            mongorestore=${MONGORESTORE:-mongorestore}

            # However it ends: nobody is left with a balancer that is off and does not say so. The URI may hold a password, and goes too.
            uri=''
            balancer=untouched
            finish() {
              status=$?
              trap - EXIT
              [ -z "$uri" ] || rm -f "$uri"
              case $balancer in
                stopped) echo 'restore.sh ended early: the balancer of the target is off. {{StartBalancer}}' >&2;;
                perhaps) echo 'restore.sh ended early: the balancer of the target may be off (sh.getBalancerState() tells). {{StartBalancer}}' >&2;;
                done) echo '{{inTheEnd}}';;
              esac
              exit "$status"
            }
            trap finish EXIT
            trap 'exit 129' HUP
            trap 'exit 130' INT
            trap 'exit 143' TERM

            (cd "$here" && sha256sum --quiet -c {{ClusterFiles.Sums}})
            for pair in "$@"; do set -- "$@" --shard "$pair"; shift; done
            balancer=perhaps
            "$backup" cluster-prepare "$here" "$@"
            balancer=stopped

            # To mongorestore the URI goes by a file that nobody else can read.
            umask 077
            uri=$(mktemp)
            printf "uri: '%s'\n" "$(printf %s "$BACKUP_RESTORE_TO" | sed "s/'/''/g")" > "$uri"
            load() {
              archive=$1; shift
              "$mongorestore" --config="$uri" --archive="$here/$archive" --bypassDocumentValidation --stopOnError "$@"
            }
            {
            {{string.Concat([.. archives, config])}}}
            balancer=perhaps
            "$backup" cluster-check "$here"
            balancer=done

            """;
    }

    private const string StartBalancer =
        "To turn it on: sh.startBalancer() in mongosh, or db.adminCommand({balancerStart: 1}), through the mongos.";

    private static string Quoted(string text) => $"'{text}'";

    private static string Fcv(string version) => $$"""{setFeatureCompatibilityVersion: "{{version}}"}""";
}

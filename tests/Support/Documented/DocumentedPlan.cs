namespace Backup.Tests.Support.Documented;

/// <summary>Why a documented command is not run as it stands; it is parsed all the same, by the commands that are shipped.</summary>
public enum WhyNot
{
    /// <summary>It runs until it is stopped, as every other test starts it.</summary>
    RunsUntilStopped,

    /// <summary>It needs an appliance on another host, with its certificates and a token.</summary>
    NeedsAnotherHost,

    /// <summary>It needs a sharded cluster of the reader's own.</summary>
    NeedsCluster,

    /// <summary>It needs a mongod of the version, or a MongoDB to restore into.</summary>
    NeedsMongoDb,

    /// <summary>It needs an SSH server of the reader's own.</summary>
    NeedsSshServer,

    /// <summary>It needs a catalogue and stores that several processes share.</summary>
    NeedsSharedStores,

    /// <summary>It needs a second store to move to.</summary>
    NeedsSecondStore,

    /// <summary>It needs a mail server.</summary>
    NeedsMailServer,

    /// <summary>It needs encryption with a master key.</summary>
    NeedsMasterKey,

    /// <summary>It needs an account beside the only one.</summary>
    NeedsSecondAccount,

    /// <summary>It needs a second member that can be elected.</summary>
    NeedsSecondMember,
}

/// <summary>What the tests do with a documented command.</summary>
/// <param name="Order">Of those that are run: smaller ones first, then as they stand in the documents.</param>
/// <param name="Because">Null: it is run.</param>
/// <param name="By">The test class that runs the same command on what it needs; null where none does.</param>
public sealed record DocumentedPlan(int Order, WhyNot? Because, string? By)
{
    /// <summary>By the command's text. A command that stands in the documents and not here fails a test, and so does one that is here alone.</summary>
    public static IReadOnlyDictionary<string, DocumentedPlan> All { get; } =
        new Dictionary<string, DocumentedPlan>(StringComparer.Ordinal)
        {
            // README
            ["backup up"] = Not(WhyNot.RunsUntilStopped),
            ["backup restore sandbox --latest --format archive --output dump.archive"] = Run(),
            ["backup status"] = Run(),
            ["backup snapshot sandbox --wait"] = Run(),
            ["backup snapshots sandbox"] = Run(),
            ["backup restore sandbox --latest --format directory --output dump"] = Run(),
            ["backup ranges sandbox"] = Run(),
            ["backup restore sandbox --time 2026-11-22T01:31:00Z --output then.archive"] = Run(),
            ["backup policy sandbox --interval 6h --window 7d"] = Run(),
            ["backup source sandbox --cursors 4"] = Run(),
            ["backup namespaces sandbox --exclude 'tmp.*'"] = Run(),
            ["backup snapshot CLUSTER --wait"] = Not(WhyNot.NeedsCluster, "ClusterCommands"),
            ["backup get sandbox shop.orders ID --latest"] = Run(),
            ["backup links create sandbox --latest"] = Run(),
            ["backup serve sandbox --latest"] = Not(WhyNot.RunsUntilStopped, "ServeTests"),
            ["backup alerts list"] = Run(),
            ["backup verify SNAPSHOT"] = Run(),
            ["backup up --data /srv/backup"] = Not(WhyNot.RunsUntilStopped),
            ["backup deployments add FILE"] = Run(),
            ["backup deployments set-uri NAME FILE"] = Run(8),
            ["backup deployments remove NAME"] = Run(9),
            ["backup agents token"] = Run(),
            ["backup restore rs0 --latest --to mongodb://HOST:27017/ --data /srv/backup"] = Not(
                WhyNot.NeedsMongoDb,
                "RestoreIntoTests"
            ),
            ["backup restore rs0 --latest --push vault --data /srv/backup"] = Not(
                WhyNot.NeedsSshServer,
                "SshPushTests"
            ),
            ["backup restore rs0 --latest --format data-files --output rs0 --data /srv/backup"] = Not(
                WhyNot.NeedsMongoDb,
                "DataFilesSource"
            ),
            ["backup restore rs0 --latest --format archive --output - --data /srv/backup"] = Run(),
            // alerts
            ["backup alerts set agent-down --critical 1m"] = Run(),
            ["backup alerts set oplog-behind --warning 5m --critical 30m --deployment rs0"] = Run(),
            ["backup alerts set restore-finished --off"] = Run(),
            [
                "backup restore rs0 --time 2026-11-23T10:42:00Z --namespace shop.orders --output before-20261123T104200Z.archive"
            ] = Run(),
            ["backup alerts acknowledge 12 --comment \"I look at it\" --for 2h"] = Run(),
            ["backup alerts resolve 12 --comment \"the disk was replaced\""] = Run(),
            ["backup alerts maintenance add --for 2h --deployment rs0 --text \"upgrade to 5.0\""] = Run(),
            ["backup alerts mail set smtp.example.org --from backup@example.org --user backup"] = Run(),
            ["backup alerts channels add ops --mail ops@example.org --mail night@example.org --appliance"] = Run(),
            [
                "backup alerts channels add pager --webhook https://pager.example.org/in --secret-file FILE --least critical"
            ] = Run(),
            ["backup alerts channels add chat --slack-url-file FILE"] = Run(),
            ["backup alerts test ops"] = Not(WhyNot.NeedsMailServer, "SupportBundleTests"),
            ["backup alerts deliveries"] = Run(),
            ["backup alerts excerpts set --slow 1000"] = Run(),
            [
                "backup alerts excerpts set --deployment rs0 --condition no-primary --condition election --lines 500 --severity W"
            ] = Run(),
            // Of an alert whose servers were asked for their logs: the sandbox has none.
            ["backup alerts excerpt 12"] = Not(WhyNot.NeedsMongoDb, "HostsTests"),
            // api, benchmarks
            ["backup status --server https://backup.example:8443 --token-file token --ca-file ca.pem"] = Not(
                WhyNot.NeedsAnotherHost,
                "OtherHostTests"
            ),
            ["backup snapshot rs0 --wait"] = Run(),
            ["backup --help"] = Run(),
            // clusters
            ["backup ranges prod"] = Not(WhyNot.NeedsCluster, "ClusterMomentTests"),
            ["backup restore prod --latest --output then"] = Not(WhyNot.NeedsCluster, "ClusterCommands"),
            ["backup restore prod --time 2026-11-22T10:00:00Z --merged --output all.archive"] = Not(
                WhyNot.NeedsCluster,
                "ClusterCommands"
            ),
            ["backup restore prod --snapshot ID --to mongodb://…"] = Not(WhyNot.NeedsCluster, "ClusterRestoreTests"),
            ["backup restore prod --latest --namespace shop.orders --to …"] = Not(
                WhyNot.NeedsCluster,
                "ClusterRestoreTests"
            ),
            ["backup restore prod/s0 --latest --output s0.archive"] = Not(WhyNot.NeedsCluster, "ClusterCommands"),
            // data files
            ["backup up --mongod 4.2=/opt/mongodb/4.2/bin/mongod …"] = Not(WhyNot.NeedsMongoDb),
            ["backup restore rs0 --latest --format data-files --output /mnt/big/rs0"] = Not(
                WhyNot.NeedsMongoDb,
                "DataFilesSource"
            ),
            ["backup restore rs0 --time 2026-11-22T10:00:00Z --format data-files --output rs0.tar"] = Not(
                WhyNot.NeedsMongoDb,
                "DataFilesSource"
            ),
            ["backup restore rs0 --latest --format data-files --output -"] = Not(
                WhyNot.NeedsMongoDb,
                "DataFilesSource"
            ),
            ["backup restore rs0 --latest --format data-files --output rs0 --seed rs0=db1:27017,db2:27017,db3:27017"] =
                Not(WhyNot.NeedsMongoDb, "DataFilesSource"),
            ["backup restore prod/s0 --latest --format data-files --output s0"] = Not(WhyNot.NeedsCluster),
            // documents
            ["backup get rs0 shop.orders 5f0c2e8d9b1e8a0001a3f2c4 --time 2026-11-22T10:00:00Z"] = Run(),
            ["backup get rs0 shop.orders 17 --latest"] = Run(),
            ["backup history rs0 shop.orders 17 --since 2026-11-22T08:00:00Z"] = Run(),
            // links
            ["backup links create rs0 --latest"] = Run(),
            [
                "backup links create rs0 --time 2026-11-22T10:00:00Z --namespace shop.orders --gzip --expires 2d --uses 3"
            ] = Run(),
            ["backup links create prod --snapshot ID --format directory"] = Not(WhyNot.NeedsCluster, "ClusterCommands"),
            ["backup links list"] = Run(),
            ["backup links show LINK"] = Run(),
            ["backup links revoke LINK"] = Run(),
            ["backup audit --since 24h"] = Run(),
            ["backup store list"] = Run(),
            ["backup store move --group GROUP --to STORE"] = Not(WhyNot.NeedsSecondStore, "SeveralStoresTests"),
            ["backup store move --tag TAG --to STORE"] = Not(WhyNot.NeedsSecondStore, "StoreTagsTests"),
            ["backup store tag --group GROUP --tags TAG,TAG"] = Not(WhyNot.NeedsSecondStore, "StoreTagsTests"),
            // encryption
            ["backup store keys list"] = Run(),
            ["backup store keys rotate --group GROUP"] = Not(WhyNot.NeedsMasterKey),
            ["backup store keys rotate-master"] = Not(WhyNot.NeedsMasterKey, "EncryptionTests"),
            ["backup store keys shred --group GROUP --confirm NAME"] = Not(WhyNot.NeedsMasterKey, "EncryptionTests"),
            // hosts
            ["backup monitoring rs0"] = Run(),
            ["backup hosts history rs0 --range 2w --points 100 --json"] = Run(),
            ["backup hosts events rs0 --days 30"] = Run(),
            ["backup hosts look rs0 --severity W --lines 200"] = Run(),
            ["backup hosts look rs0 --slow 1000 --host db2:27017"] = Not(WhyNot.NeedsSecondMember, "HostsTests"),
            ["backup hosts settings rs0 --step-down on"] = Run(),
            ["backup hosts step-down rs0 --seconds 60"] = Not(WhyNot.NeedsSecondMember, "HostsTests"),
            // namespaces
            ["backup deployments add FILE --include 'shop.*' --exclude shop.sessions"] = Run(),
            ["backup namespaces rs0"] = Run(),
            ["backup namespaces rs0 --exclude shop.sessions --exclude 'shop.tmp_*'"] = Run(),
            ["backup namespaces rs0 --clear"] = Run(),
            // operate, troubleshooting
            ["backup config check"] = Run(),
            ["backup config show"] = Run(),
            ["backup config default"] = Run(),
            ["backup man"] = Run(),
            ["backup man restore"] = Run(),
            ["backup explain BK9514"] = Run(),
            ["backup explain 9514 --json"] = Run(),
            ["backup support-bundle --output bundle.zip"] = Run(),
            // people
            ["backup people list"] = Run(),
            ["backup people add EMAIL --role owner --administrator"] = Run(-1),
            ["backup people password EMAIL"] = Run(),
            ["backup people unlock EMAIL"] = Run(),
            ["backup people disable EMAIL"] = Not(WhyNot.NeedsSecondAccount, "PeopleTests"),
            ["backup people remove-two-factor EMAIL"] = Run(),
            ["backup people administrator EMAIL"] = Run(),
            ["backup people setup-token"] = Run(-2),
            // moments, policies
            ["backup ranges rs0"] = Run(),
            ["backup restore rs0 --time 2026-11-21T10:00:00Z --format archive --output dump.archive"] = Run(),
            // quick start, restore
            ["backup restore rs0 --latest --output dump.archive"] = Run(),
            ["backup restore rs0 --time 2026-11-22T10:00:00Z --output then.archive"] = Run(),
            ["backup restore rs0 --optime 1795255200,3 --format directory --output dump"] = Run(),
            ["backup policy rs0"] = Run(),
            ["backup policy rs0 --every 6h --at 02:00 --zone Europe/Berlin"] = Run(),
            ["backup policy rs0 --keep 2d --daily 7d --weekly 31d --monthly 7y"] = Run(),
            ["backup policy rs0 --keep 1d --preview"] = Run(),
            ["backup snapshot rs0 --wait --keep 30d"] = Run(),
            ["backup snapshot pin ID"] = Run(),
            ["backup snapshot expire ID --in 90d"] = Run(),
            ["backup snapshot delete ID --preview"] = Run(),
            ["backup snapshot delete ID"] = Run(8),
            // scale out
            ["backup server --data /var/lib/backup --http-address 0.0.0.0 --name backup.example.org"] = Not(
                WhyNot.NeedsSharedStores
            ),
            ["backup daemon --data /var/lib/backup-daemon"] = Not(WhyNot.NeedsSharedStores),
            ["backup daemons list"] = Run(),
            ["backup daemons heads"] = Run(),
            ["backup daemons move RS --to DAEMON"] = Not(WhyNot.NeedsSharedStores),
            ["backup daemons drain DAEMON"] = Not(WhyNot.NeedsSharedStores),
            ["backup daemons resume DAEMON"] = Not(WhyNot.NeedsSharedStores),
            ["backup daemons forget DAEMON"] = Not(WhyNot.NeedsSharedStores),
            // serve
            ["backup serve rs0 --latest"] = Not(WhyNot.RunsUntilStopped, "ServeTests"),
            ["backup serve rs0 --time 2026-11-21T10:00:00Z --namespace shop.orders --for 8h"] = Not(
                WhyNot.RunsUntilStopped,
                "ServeTests"
            ),
            ["backup serve --list"] = Run(),
            ["backup serve --stop ID"] = Not(WhyNot.RunsUntilStopped, "ServeTests"),
            // ssh
            ["backup ssh keys create offsite"] = Run(),
            ["backup ssh targets add vault --host keeper@vault.example.org:22 --folder /srv/backups --key offsite"] =
                Not(WhyNot.NeedsSshServer, "EveryFormTests"),
            ["backup ssh targets test vault"] = Not(WhyNot.NeedsSshServer, "SshPushTests"),
            ["backup restore rs0 --latest --push vault"] = Not(WhyNot.NeedsSshServer, "SshPushTests"),
            ["backup restore rs0 --time 2026-11-22T10:00:00Z --push vault/2026"] = Not(
                WhyNot.NeedsSshServer,
                "SshPushTests"
            ),
            ["backup restore rs0 --latest --push vault --files"] = Not(WhyNot.NeedsSshServer, "SshPushTests"),
            ["backup restore prod --latest --merged --push vault"] = Not(WhyNot.NeedsSshServer, "SshPushTests"),
            // store, verification
            ["backup store status"] = Run(),
            ["backup store groom"] = Run(),
            ["backup store check --read-data 0%"] = Run(),
            ["backup store rebuild-index"] = Run(),
            ["backup metadata export /mnt/elsewhere/backup.bkmeta"] = Run(),
            ["backup metadata exports"] = Run(),
            ["backup metadata finish-upgrade"] = Run(),
            ["backup store check"] = Run(),
            ["backup jobs report JOB --output report.json"] = Run(),
            ["backup jobs check-report report.json --authority SHA256"] = Not(
                WhyNot.NeedsAnotherHost,
                "OtherHostTests"
            ),
        };

    private static DocumentedPlan Run(int order = 0) => new(order, null, null);

    private static DocumentedPlan Not(WhyNot why, string? by = null) => new(0, why, by);
}

using System.Globalization;
using System.Net;

namespace Backup.Cli.Configuration;

/// <summary>Every key of the appliance's configuration file. What the file, the environment and the pages of the manual say of them is made from here.</summary>
internal static class Settings
{
    internal const string Data = "data";
    internal const string Protect = "protect";
    internal const string ProtectFile = "protect_file";
    internal const string Metadata = "metadata";
    internal const string MetadataFile = "metadata_file";
    internal const string Stores = "stores";
    internal const string StoresFile = "stores_file";
    internal const string DefaultStore = "default_store";
    internal const string StoreTags = "store_tags";
    internal const string DaemonName = "daemon.name";
    internal const string DaemonWeight = "daemon.weight";
    internal const string DaemonMemory = "daemon.memory_mb";
    internal const string DaemonHealthPort = "daemon.health_port";
    internal const string Names = "names";
    internal const string HttpAddress = "http.address";
    internal const string HttpPort = "http.port";
    internal const string AgentsPort = "agents.port";
    internal const string AgentsCertificates = "agents.certificates";
    internal const string AgentsKeyDays = "agents.key_days";
    internal const string AgentsCursors = "agents.cursors";
    internal const string AgentsRate = "agents.mb_per_second";
    internal const string AgentsSplit = "agents.split_mb";
    internal const string BalancerSeconds = "clusters.balancer_seconds";
    internal const string RestoreMemory = "restore.memory_mb";
    internal const string Mongod = "mongod";
    internal const string MetadataExports = "metadata_exports";
    internal const string GroomExtra = "groom.extra_percent";
    internal const string GroomHour = "groom.hour";
    internal const string Encryption = "encryption.state";
    internal const string EncryptionKeyFile = "encryption.key_file";
    internal const string EncryptionKeyVariable = "encryption.key_variable";
    internal const string EncryptionKeyCommand = "encryption.key_command";
    internal const string EncryptionNextKeyFile = "encryption.next_key_file";
    internal const string LogFormat = "log.format";
    internal const string LogLevel = "log.level";
    internal const string LogConsole = "log.console";
    internal const string OtlpEndpoint = "otlp.endpoint";
    internal const string OtlpHeadersFile = "otlp.headers_file";
    internal const string OtlpSeconds = "otlp.seconds";

    internal static readonly IReadOnlyList<Setting> All =
    [
        new(
            Data,
            "BACKUP_DATA",
            "backup-data",
            "a folder",
            "Where the appliance keeps everything: catalogue, blocks, keys. Back it up with the service stopped.",
            static text => text.Length > 0
        )
        {
            Example = "/var/lib/backup",
        },
        new(
            Protect,
            "BACKUP_PROTECT",
            "",
            "connection strings",
            "Deployments to protect, besides those that are already. A connection string may hold a password: see protect_file.",
            static text => text.StartsWith("mongodb", StringComparison.Ordinal)
        )
        {
            Shape = SettingShape.List,
            Separators = null,
            IsSecret = true,
            Example = "mongodb://HOST:27017/?replicaSet=rs0",
        },
        new(
            ProtectFile,
            "BACKUP_PROTECT_FILE",
            "",
            "a file that its owner alone may read",
            "A file with such connection strings, one a line.",
            static text => text.Length > 0
        )
        {
            Example = "/etc/backup/protect",
        },
        new(
            Metadata,
            "BACKUP_METADATA",
            "",
            "a connection string",
            "The MongoDB replica set that holds the catalogue, where several processes share it; unset: a file in the data folder. A connection string may hold a password: see metadata_file.",
            static text => text.StartsWith("mongodb", StringComparison.Ordinal)
        )
        {
            IsSecret = true,
            Example = "mongodb://HOST:27017/backup?replicaSet=rs0",
        },
        new(
            MetadataFile,
            "BACKUP_METADATA_FILE",
            "",
            "a file that its owner alone may read",
            "A file with that connection string in one line.",
            static text => text.Length > 0
        )
        {
            Example = "/etc/backup/metadata",
        },
        new(
            Stores,
            "BACKUP_STORES",
            "",
            "NAME: packs, packs:/FOLDER, mongodb://…/DATABASE or s3://BUCKET/PREFIX?endpoint=URL&region=R&key=K&secret=S&ca=FILE&lock_days=N&paths=BOOL",
            "Where blocks and slices are kept; unset: packs in the data folder. Addresses may hold passwords: see stores_file.",
            static text => text.Length > 0
        )
        {
            Shape = SettingShape.Map,
            Separators = null,
            IsSecret = true,
            Example = "main: mongodb://HOST:27017/backup_blocks?replicaSet=rs0",
        },
        new(
            StoresFile,
            "BACKUP_STORES_FILE",
            "",
            "a file that its owner alone may read",
            "A file with such stores, NAME=ADDRESS, one a line.",
            static text => text.Length > 0
        )
        {
            Example = "/etc/backup/stores",
        },
        new(
            DefaultStore,
            "BACKUP_DEFAULT_STORE",
            "the first store",
            "the name of a store",
            "The store of groups that were assigned to none ('backup store move' assigns a group); every process has the same.",
            static text => text.Length > 0
        )
        {
            Example = "main",
        },
        new(
            StoreTags,
            "BACKUP_STORE_TAGS",
            "",
            "NAME: tags with commas between them",
            "What each store has, for groups that ask for it by tags ('backup store tag'); every process has the same.",
            static text => text.Length > 0
        )
        {
            Shape = SettingShape.Map,
            Separators = null,
            Example = "main: ssd,eu",
        },
        new(
            DaemonName,
            "BACKUP_DAEMON_NAME",
            "the host's name",
            "a name, unlike that of every other daemon",
            "By which the daemon of this process is known; the same after a restart.",
            static text => text.Length is > 0 and <= 100
        )
        {
            Example = "daemon-1",
        },
        Number(
            DaemonWeight,
            "BACKUP_DAEMON_WEIGHT",
            100,
            1,
            1000,
            "of nothing",
            "How many heads it takes beside other daemons: twice the weight, twice the heads."
        ),
        new(
            DaemonMemory,
            "BACKUP_DAEMON_MEMORY_MB",
            "a quarter of the machine's memory",
            "MiB, 64 to 1048576",
            "Of memory for what heads hold since their last checkpoints, all of them together; beyond it those that hold much write it down early.",
            static text =>
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number is >= 64 and <= 1 << 20
        )
        {
            Example = "4096",
        },
        Number(
            DaemonHealthPort,
            "BACKUP_DAEMON_HEALTH_PORT",
            8082,
            0,
            65535,
            "port",
            "Where 'backup daemon' answers /healthz, /readyz and /metrics, on loopback; 0: any that is free."
        ),
        new(
            Names,
            "BACKUP_NAMES",
            "",
            "names or addresses",
            "By which agents, browsers and commands on other hosts reach this one: they stand in its certificate, and the web interface answers to no other.",
            static text => Uri.CheckHostName(text) != UriHostNameType.Unknown
        )
        {
            Shape = SettingShape.List,
            Example = "backup.example.org",
        },
        new(
            HttpAddress,
            "BACKUP_HTTP_ADDRESS",
            "127.0.0.1",
            "an IP address of this host; 0.0.0.0: all",
            "Where the web interface and the public API are served: on loopback without TLS, anywhere else with it.",
            static text => IPAddress.TryParse(text, out _)
        ),
        Number(
            HttpPort,
            "BACKUP_HTTP_PORT",
            8080,
            0,
            65535,
            "port",
            "Of the web interface and the public API; 0: any that is free."
        ),
        Number(
            AgentsPort,
            "BACKUP_AGENTS_PORT",
            8081,
            0,
            65535,
            "port",
            "Of agents and download links, always with TLS; 0: any that is free."
        ),
        Choice(
            AgentsCertificates,
            "BACKUP_AGENT_CERTIFICATES",
            "accepted",
            ["off", "accepted", "required"],
            "Whether agents prove themselves with client certificates beside their API keys."
        ),
        Number(
            AgentsKeyDays,
            "BACKUP_API_KEY_DAYS",
            90,
            0,
            3650,
            "days",
            "After which agents replace their API keys by themselves; 0: never."
        ),
        Number(
            AgentsCursors,
            "BACKUP_AGENT_CURSORS",
            2,
            1,
            16,
            "cursors",
            "That an agent copies a source with at the same time."
        ) with
        {
            IsLive = true,
        },
        Number(
            AgentsRate,
            "BACKUP_AGENT_MB_PER_SECOND",
            0,
            0,
            100_000,
            "MB (10^6) a second",
            "That an agent reads of a source at most; 0: no bound."
        ) with
        {
            IsLive = true,
        },
        Number(
            AgentsSplit,
            "BACKUP_AGENT_SPLIT_MB",
            1024,
            1,
            1 << 20,
            "MiB",
            "Of the _id ranges that a large collection is copied in."
        ) with
        {
            IsLive = true,
        },
        Number(
            BalancerSeconds,
            "BACKUP_BALANCER_SECONDS",
            300,
            1,
            3600,
            "seconds",
            "That a cluster snapshot waits for the balancer to rest."
        ),
        Number(
            RestoreMemory,
            "BACKUP_RESTORE_MEMORY_MB",
            256,
            1,
            4096,
            "MiB",
            "Of memory for the oplog that a restore of a moment replays; beyond it goes to the disk."
        ),
        new(
            Mongod,
            "BACKUP_MONGOD",
            "",
            "VERSION: path",
            "The mongod of a version, for restores to data files.",
            static text => text.Length > 0
        )
        {
            Shape = SettingShape.Map,
            Example = "4.2: /opt/mongodb/4.2/bin/mongod",
        },
        Number(
            MetadataExports,
            "BACKUP_METADATA_EXPORTS",
            7,
            0,
            365,
            "files",
            "Exports of the appliance's own metadata that are kept beside the blocks: one is made a day; 0: none. 'backup metadata import' makes a catalogue of them where its disk is lost."
        ),
        Number(
            GroomExtra,
            "BACKUP_GROOM_EXTRA_PERCENT",
            5,
            1,
            50,
            "percent",
            "Of the block store that may stay dead after a groom: the less, the more is copied to give room back; and of it that copies take at most meanwhile."
        ),
        Number(
            GroomHour,
            "BACKUP_GROOM_HOUR",
            24,
            0,
            24,
            "an hour of the day, UTC",
            "At which grooms begin by themselves, once a day; 24: at any time, an hour after snapshots were removed, and once a day."
        ),
        Choice(
            Encryption,
            "BACKUP_ENCRYPTION",
            "off",
            ["off", "on"],
            "Whether blocks and slices are sealed from now on, under keys of each group, which are wrapped under the master key. What is stored already stays as it is."
        ),
        new(
            EncryptionKeyFile,
            "BACKUP_ENCRYPTION_KEY_FILE",
            "",
            "a file that its owner alone may read",
            "The master key: 32 bytes or 64 hexadecimal digits. Without it nothing that is sealed can be read: keep a copy elsewhere, not with the copies of the data folder.",
            static text => text.Length > 0
        )
        {
            Example = "/etc/backup/master.key",
        },
        new(
            EncryptionKeyVariable,
            "BACKUP_ENCRYPTION_KEY_VARIABLE",
            "",
            "the name of an environment variable",
            "It holds the master key as 64 hexadecimal digits, instead of a file; it is taken out of the environment once it was read.",
            static text => text.Length > 0 && text.All(static one => char.IsAsciiLetterOrDigit(one) || one == '_')
        )
        {
            Example = "BACKUP_MASTER_KEY",
        },
        new(
            EncryptionKeyCommand,
            "BACKUP_ENCRYPTION_KEY_COMMAND",
            "",
            "a command for /bin/sh",
            "It writes the master key to its standard output, within 30 seconds, instead of a file: for keys that a vault keeps.",
            static text => text.Length > 0
        )
        {
            Example = "vault kv get -field=key backup/master",
        },
        new(
            EncryptionNextKeyFile,
            "BACKUP_ENCRYPTION_NEXT_KEY_FILE",
            "",
            "a file that its owner alone may read",
            "The master key that 'backup store keys rotate-master' wraps all keys under; it need not be there before. Where it fits, the appliance starts with it too.",
            static text => text.Length > 0
        )
        {
            Example = "/etc/backup/master.key.next",
        },
        Choice(
            LogFormat,
            "BACKUP_LOG_FORMAT",
            "text",
            ["text", "json"],
            "How log lines are written: for people, or one JSON object each."
        ),
        Choice(
            LogLevel,
            "BACKUP_LOG_LEVEL",
            "information",
            ["debug", "information", "warning", "error"],
            "The least that is logged."
        ) with
        {
            IsLive = true,
        },
        Choice(
            LogConsole,
            "BACKUP_LOG_CONSOLE",
            "false",
            ["true", "false"],
            "Log to standard error too, not only to the data folder."
        ),
        new(
            OtlpEndpoint,
            "BACKUP_OTLP_ENDPOINT",
            "",
            "an address with http:// or https://",
            "A collector of OpenTelemetry that metrics, traces of requests and jobs, and the log's lines are sent to, as OTLP over HTTP (mostly port 4318).",
            static text =>
                Uri.TryCreate(text, UriKind.Absolute, out var address)
                && address.Scheme is "http" or "https"
                && address is { UserInfo: "", Query: "", Fragment: "" }
        )
        {
            Example = "http://localhost:4318",
        },
        new(
            OtlpHeadersFile,
            "BACKUP_OTLP_HEADERS_FILE",
            "",
            "a file that its owner alone may read",
            "Headers that the collector wants with each request, NAME=VALUE, one a line: a key, mostly.",
            static text => text.Length > 0
        )
        {
            Example = "/etc/backup/otlp-headers",
        },
        Number(
            OtlpSeconds,
            "BACKUP_OTLP_SECONDS",
            Telemetry.OtlpOptions.DefaultSeconds,
            5,
            3600,
            "seconds",
            "From one sending of the metrics to the next."
        ),
    ];

    private static readonly Dictionary<string, Setting> ByKey = All.ToDictionary(
        static one => one.Key,
        StringComparer.Ordinal
    );

    internal static Setting Of(string key) => ByKey[key];

    internal static Setting? Find(string key) => ByKey.GetValueOrDefault(key);

    private static Setting Number(
        string key,
        string variable,
        int normal,
        int least,
        int most,
        string unit,
        string text
    ) =>
        new(
            key,
            variable,
            normal.ToString(CultureInfo.InvariantCulture),
            $"{unit}, {least.ToString(CultureInfo.InvariantCulture)} to {most.ToString(CultureInfo.InvariantCulture)}",
            text,
            value =>
                int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number >= least
                && number <= most
        );

    private static Setting Choice(string key, string variable, string normal, string[] choices, string text) =>
        new(
            key,
            variable,
            normal,
            string.Join(", ", choices),
            text,
            value => choices.Contains(value, StringComparer.Ordinal)
        );
}

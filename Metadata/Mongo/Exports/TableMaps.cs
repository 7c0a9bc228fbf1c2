using Backup.Metadata.Mongo.Collections;

namespace Backup.Metadata.Mongo.Exports;

/// <summary>
/// Every table of <see cref="Sqlite.Schema"/> and the collection that holds the same records. A table, column, collection or field that is new and missing here fails a test.
/// </summary>
internal static class TableMaps
{
    /// <summary>Its numbers count the lines of a job.</summary>
    internal const string JobLog = "job_log";

    /// <summary>Their documents are made by <see cref="SyncTables"/>: a list of collections stands in parts, and what the slices hold stands with the sync.</summary>
    internal static readonly TableMap Syncs = new(
        "syncs",
        SyncCollections.Syncs,
        "ordinal:long id replica_set_id state begin* end* started_at beside copy_order=order failure"
    );

    /// <summary>A lease; what its keeper says stands in <see cref="HeadReports"/>.</summary>
    internal static readonly TableMap HeadLeases = new(
        "head_leases",
        DaemonCollections.HeadLeases,
        "replica_set_id daemon_id session fence wish granted_at store_sessions:words"
    );

    /// <summary>The same table: what the keeper of a head says.</summary>
    internal static readonly TableMap HeadReports = new(
        "head_leases",
        DaemonCollections.HeadReports,
        "replica_set_id fence live* trouble_code trouble_message trouble_hint"
    );

    /// <summary>Sessions with block stores that were struck off; their documents say so, beside those of sessions that were not.</summary>
    internal static readonly TableMap RevokedSessions = new(
        "revoked_sessions",
        DaemonCollections.StoreSessions,
        "id at"
    );

    /// <summary>Their documents also have the end of their span.</summary>
    internal static readonly TableMap DueSpans = new(
        "monitoring_due",
        MonitoringCollections.Due,
        "deployment_id minutes number=from:span changes"
    );

    /// <summary>Those whose rows are made of one document each, and the other way round.</summary>
    internal static readonly IReadOnlyList<TableMap> Plain =
    [
        new("settings", AccessCollections.Settings, "name value"),
        new("groups", AccessCollections.Groups, "id name created_at"),
        new("tokens", AccessCollections.Tokens, "secret_hash group_id expires_at used"),
        new("agents", AccessCollections.Agents, "id group_id host_name version enrolled_at last_seen_at revoked"),
        new(
            "api_keys",
            AccessCollections.Keys,
            "id group_id agent_id key_hash=hash state created_at last_used_at ended_at replaces rotation_wanted"
        ),
        new("client_certificates", AccessCollections.Certificates, "sha256 agent_id issued_at expires_at revoked_at"),
        new("ssh_keys", AccessCollections.SshKeys, "id group_id name public_key sealed_key created_at"),
        new(
            "ssh_targets",
            AccessCollections.SshTargets,
            "id group_id name user host port folder host_key key_id sealed_password created_at"
        ),
        new("group_keys", AccessCollections.GroupKeys, "id group_id purpose generation created_at master box"),
        new("group_stores", DaemonCollections.GroupStores, "group_id store moves_from since"),
        new("group_tags", DaemonCollections.GroupTags, "group_id tags"),
        new("destroyed_keys", AccessCollections.DestroyedKeys, "id group_id at"),
        new(
            "deployments",
            DeploymentCollections.Deployments,
            """
            id group_id name type uri created_at removed_at source_revision=source.revision source_member=source.member
            source_cursors=source.cursors source_bytes_per_second=source.bytesPerSecond source_paused_at=source.pausedAt
            namespaces cluster_id=cluster.deploymentId shard=cluster.shard
            """
        )
        {
            IsNumbered = true,
        },
        new(
            "replica_sets",
            DeploymentCollections.ReplicaSets,
            """
            id deployment_id name set_id mongo_version fcv=featureCompatibilityVersion storage_engine state stop_code stop_message
            stop_hint sync_id source*=sourceOptime source_seen_at
            """
        )
        {
            IsNumbered = true,
        },
        new("agent_reports", DeploymentCollections.Reports, "deployment_id agent_id phase code message hint at source"),
        new(
            "agent_leases",
            DeploymentCollections.Leases,
            "deployment_id agent_id session fence renewals granted_at renewed_at"
        ),
        new(
            "policies",
            DeploymentCollections.Policies,
            """
            subject_id interval_ms reference base_retention_ms window_ms=pointInTimeWindowMs checkpoint_ms=checkpointIntervalMs
            balancer_rule=balancer at_ms zone daily_ms=dailyRetentionMs weekly_ms=weeklyRetentionMs monthly_ms=monthlyRetentionMs
            week_ends verify_ms=verifyIntervalMs
            """
        ),
        new(
            "clusters",
            DeploymentCollections.Clusters,
            "deployment_id source_id mongo_version routers balancer seen_at debt_cut_id=debt.cutId debt_since=debt.since"
        )
        {
            IsNumbered = true,
        },
        new(
            "daemons",
            DaemonCollections.Daemons,
            "id session host version weight free_bytes started_at drains renewals seen_at stopped_at"
        ),
        new(
            "sync_collections",
            SyncCollections.Copies,
            """
            sync_id collection namespace range expected_documents expected_bytes documents raw_bytes next_sequence last_id done
            """
        ),
        new(
            "sync_slices",
            SyncCollections.Slices,
            "sync_id collection range sequence object_name documents raw_length stored_length sha256"
        ),
        new(
            "oplog_slices",
            SyncCollections.OplogSlices,
            """
            sync_id sequence replica_set_id previous* first* last* entries object_name raw_length stored_length sha256 received_at
            """
        ),
        new(
            "oplog_holes",
            SyncCollections.Holes,
            "ordinal:long replica_set_id from* to* cause at kind sync_id code namespace"
        ),
        new("doomed_objects", SyncCollections.Doomed, "name"),
        new(
            "heads",
            SnapshotCollections.Heads,
            "replica_set_id sync_id manifest_block optime* replay*=replayFrom consistent new_bytes updated_at"
        ),
        new(
            "timeline_events",
            SnapshotCollections.Events,
            "ordinal:long replica_set_id sync_id at* kind namespace text recorded_at"
        ),
        new(
            "snapshots",
            SnapshotCollections.Snapshots,
            """
            ordinal:long id replica_set_id optime* manifest_block documents raw_bytes new_bytes stored_bytes duration_seconds
            cause=trigger created_at expires_at sync_id replay*=replayFrom filters cut_id pinned_at
            """
        ),
        new("read_holds", SnapshotCollections.Holds, "id replica_set_id sync_id from* manifest_block until"),
        new(
            "cuts",
            SnapshotCollections.Cuts,
            """
            ordinal:long id cluster_id kind cause=trigger state sets time* balancer_rested code message hint created_at changed_at
            expires_at pinned_at
            """
        ),
        new("cut_parts", SnapshotCollections.CutParts, "cut_id replica_set_id part"),
        new(
            "jobs",
            JobCollections.Jobs,
            """
            ordinal:long id kind replica_set_id state arguments result phase progress error_code error_message error_hint attempts
            created_at started_at finished_at owner lease_until asked_by title retry_of bytes expected_bytes bytes_per_second
            """
        ),
        new(JobLog, JobCollections.Log, "job_id ordinal=number at text is_trouble"),
        new(
            "users",
            PeopleCollections.Users,
            """
            id email email_folded:text name password_hash administrator=isAdministrator created_at must_change sealed_totp totp_last_step
            sealed_totp_offer failed_tries locked_until last_login_at disabled_at
            """
        ),
        new("setup_token", PeopleCollections.SetupTokens, "id:only secret_hash"),
        new("recovery_codes", PeopleCollections.RecoveryCodes, "user_id code_hash used_at"),
        new("memberships", PeopleCollections.Memberships, "group_id user_id role since"),
        new(
            "invitations",
            PeopleCollections.Invitations,
            "id secret_hash group_id role email invited_by created_at expires_at ended_at"
        ),
        new(
            "sessions",
            PeopleCollections.Sessions,
            "id secret_hash user_id created_at last_seen_at confirmed_at address user_agent expires_at"
        ),
        new(
            "api_tokens",
            PeopleCollections.Tokens,
            "id secret_hash group_id role name created_by created_at expires_at last_used_at revoked_at"
        ),
        new(
            "alerts",
            AlertCollections.Alerts,
            """
            ordinal=_id condition subject code message hint since last_at resolved_at group_id deployment_id subject_name severity
            consequence is_event known_by=acknowledged.by known_at=acknowledged.at known_comment=acknowledged.comment
            known_until=acknowledged.until resolution still_so:bool reopened notices told next_notice_at to_tell:bool
            """
        ),
        new(
            "alert_rules",
            AlertCollections.Rules,
            "group_id:empty deployment_id:empty condition is_on warning critical"
        ),
        new(
            "excerpt_rules",
            AlertCollections.ExcerptRules,
            "group_id deployment_id:empty is_on conditions lines severity slow_ms=slowMilliseconds"
        ),
        new("alert_excerpts", AlertCollections.Excerpts, "alert_id at raw_length content"),
        new(
            "maintenance_windows",
            AlertCollections.Windows,
            "id group_id deployment_id begins_at=from ends_at=to text made_by=by"
        ),
        new(
            "alert_channels",
            AlertCollections.Channels,
            """
            id group_id name kind settings sealed_secret least conditions deployment_ids with_appliance is_on created_at delivered_at
            failed_at failure_code failure
            """
        ),
        new(
            "alert_deliveries",
            AlertCollections.Deliveries,
            """
            ordinal:long id channel_id alerts created_at due_at state attempts owner:text taken_until:time ended_at code message
            """
        ),
        new("radars", AlertCollections.Radars, "replica_set_id since_t=since:seconds through*"),
        new("learnt_rates", AlertCollections.Rates, "replica_set_id namespace content"),
        new(
            "bursts",
            AlertCollections.Bursts,
            """
            ordinal:long id deployment_id namespace kinds first* last_at documents most usual span_ms kept_until ended_at
            """
        ),
        new("monitoring", MonitoringCollections.Samples, "deployment_id minute=at:minute raw_length content"),
        new(
            "monitoring_spans",
            MonitoringCollections.Spans,
            "deployment_id minutes number=from:span raw_length content"
        ),
        new("host_events", MonitoringCollections.Events, "ordinal:long deployment_id at kind host before now"),
        new("api_answers", RequestCollections.Answers, "caller_id key request status body location at"),
        new("server_instances", RequestCollections.Instances, "id seen_at"),
        new("host_requests", RequestCollections.HostRequests, "deployment_id id request asked_at answer taken:bool"),
        new("host_settings", RequestCollections.HostPermissions, "deployment_id allows_step_down shows_values"),
        new("agent_logs", RequestCollections.AgentLogs, "agent_id request_id lines since_seconds requested_at excerpt"),
        new(
            "download_links",
            RequestCollections.Links,
            """
            ordinal:long id secret_hash subject_kind=source.subjectKind subject_id=source.subjectId subject=source.subject
            snapshot_id=source.snapshotId at*=source.atMost namespaces=source.namespaces format=source.format gzip=source.gzip
            file_name created_at expires_at uses wants_sum begun finished revoked_at tag=content.tag bytes=content.bytes
            sha256=content.sha256 trouble
            """
        ),
        new(
            "audit",
            RequestCollections.Audit,
            "ordinal=_id at actor origin=from action subject outcome bytes code details group_id"
        ),
    ];
}

/**
 * Views of `sys` that are called like tables of SQL Server 2000 ("System Compatibility Views"), with their columns. They are found in
 * `dbo`, too.
 */
export const COMPATIBILITY_VIEWS: Readonly<Record<string, string>> = {
  sysobjects: `name id xtype uid info status base_schema_ver replinfo parent_obj crdate ftcatid schema_ver stats_schema_ver type userstat sysstat
    indexdel refdate version deltrig instrig updtrig seltrig category cache`,
  syscolumns: `name id xtype typestat xusertype length xprec xscale colid xoffset bitpos reserved colstat cdefault domain number colorder autoval
    offset collationid language status type usertype printfmt prec scale iscomputed isoutparam isnullable collation tdscollation`,
  sysindexes: `id status first indid root minlen keycnt groupid dpages reserved used rowcnt rowmodctr reserved3 reserved4 xmaxlen maxirow
    origfillfactor statversion reserved2 firstiam impid lockflags pgmodctr keys name statblob maxlen rows`,
  sysindexkeys: 'id indid colid keyno',
  sysusers: `uid status name sid roles createdate updatedate altuid password gid environ hasdbaccess islogin isntname isntgroup isntuser issqluser
    isaliased issqlrole isapprole`,
  systypes: `name xtype status xusertype length xprec xscale tdefault domain uid reserved collationid usertype variable allownulls type printfmt prec
    scale collation`,
  syscomments: 'id number colid status ctext texttype language encrypted compressed text',
  sysconstraints: 'constid id colid spare1 status actions error',
  sysdepends: 'id depid number depnumber status deptype depdbid depsiteid selall resultobj readobj',
  sysforeignkeys: 'constid fkeyid rkeyid fkey rkey keyno',
  sysreferences: `constid fkeyid rkeyid rkeyindid keycnt forkeys refkeys fkeydbid rkeydbid fkey1 fkey2 fkey3 fkey4 fkey5 fkey6 fkey7 fkey8 fkey9
    fkey10 fkey11 fkey12 fkey13 fkey14 fkey15 fkey16 rkey1 rkey2 rkey3 rkey4 rkey5 rkey6 rkey7 rkey8 rkey9 rkey10 rkey11 rkey12
    rkey13 rkey14 rkey15 rkey16`,
  sysfiles: 'fileid groupid size maxsize growth status perf name filename',
  sysfilegroups: 'groupid allocpolicy status groupname',
  sysmembers: 'memberuid groupuid',
  syspermissions: 'id grantee grantor actadd actmod seladd selmod updadd updmod refadd refmod',
  sysprotects: 'id uid action protecttype columns grantor',
  sysdatabases: 'name dbid sid mode status status2 crdate reserved category cmptlevel filename version',
  sysprocesses: `spid kpid blocked waittype waittime lastwaittype waitresource dbid uid cpu physical_io memusage login_time last_batch ecid open_tran
    status sid hostname program_name hostprocess cmd nt_domain nt_username net_address net_library loginame context_info sql_handle
    stmt_start stmt_end request_id page_resource`,
  syslogins: `sid status createdate updatedate accdate totcpu totio spacelimit timelimit resultlimit name dbname password language denylogin hasaccess
    isntname isntgroup isntuser sysadmin securityadmin serveradmin setupadmin processadmin diskadmin dbcreator bulkadmin loginname`,
  syslanguages: 'langid dateformat datefirst upgrade name alias months shortmonths days lcid msglangid',
  syscharsets: 'type id csid status name description binarydefinition definition',
  sysconfigures: 'value config comment status',
  syscurconfigs: 'value config comment status',
  sysservers: `srvid srvstatus srvname srvproduct providername datasource location providerstring schemadate topologyx topologyy catalog srvcollation
    connecttimeout querytimeout srvnetname isremote rpc pub sub dist dpub rpcout dataaccess collationcompatible system
    useremotecollation lazyschemavalidation collation nonsqlsub`,
  sysmessages: 'error severity dlevel description msglangid',
};
